"""A notebook shows a bar, also while trees train."""

import re
import sys
from types import SimpleNamespace

import pytest

from pipeline import load, train


class Cell:
    """What a notebook's cell has shown, in place of IPython."""

    def __init__(self):
        self.shown = []

    def display(self, html, display_id):
        assert display_id
        return self

    def update(self, html):
        self.shown.append(html)

    @property
    def shares(self):
        return [float(re.search(r'value="([.\d]+)"', html)[1]) for html in self.shown]


@pytest.fixture
def cell(monkeypatch):
    cell = Cell()
    shell = SimpleNamespace(kernel=object())
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    display = SimpleNamespace(display=cell.display, HTML=str)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return cell


def test_the_bar_moves_while_trees_train(rows, schema, cell, monkeypatch, capsys):
    monkeypatch.setattr("pipeline.notebook.progress._PAUSE", 0.0)
    data = load(*rows, schema=schema, quiet=True)
    train(data, models="boosting", folds=2, trees=40)
    shares = cell.shares
    assert shares == sorted(shares)
    assert shares[-1] == 1
    training = [html for html in cell.shown if "training boosting" in html]
    assert len({*cell.shares} - {0, 1}) >= 4
    assert len(training) > 4
    assert re.search(r"> 100% · trained in \d+ s$", cell.shown[-1])
    assert capsys.readouterr().err == ""


def test_a_quiet_training_has_no_bar(rows, schema, cell):
    data = load(*rows, schema=schema, quiet=True)
    train(data, models="ridge", folds=2, quiet=True)
    assert cell.shown == []
