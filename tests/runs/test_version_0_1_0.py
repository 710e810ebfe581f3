"""A run folder that version 0.1.0 wrote can still be listed, shown and used."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from situations import copy_raw

from pipeline.ames.former import FORMER_KEYS
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.runs.integrity import changes
from pipeline.runs.store import find_run

FIXTURE = Path(__file__).parent.parent / "fixtures" / "version-0.1.0"


@pytest.fixture
def root(tmp_path):
    """A project with the run, and with the houses that it was trained on."""
    root = copy_raw(tmp_path / "root", rows=120)
    shutil.copytree(FIXTURE / "runs", root / "runs")
    return root


def test_it_is_listed_as_it_was_written(pipeline, root):
    (shown,) = json.loads(pipeline("runs", "--root", root, "--json").out)["runs"]
    (path,) = root.glob("runs/*/run.json")
    written = json.loads(path.read_text(encoding="utf-8"))
    assert {name: shown[name] for name in written} == written
    assert not shown["edited"]
    assert "0.3552" in pipeline("runs", "--root", root).out


def test_settings_that_it_does_not_have_take_their_defaults(root):
    run = find_run(Project(root))
    assert run.settings.epochs == 2
    assert run.settings.huber_delta == Settings().huber_delta
    assert not list(changes(Project(root), run))


def test_what_is_read_is_what_would_be_written(root):
    run = find_run(Project(root))
    written = replace(run, document=None).to_json()
    assert json.dumps(known_to(run.document, written)) == json.dumps(run.document)


def known_to(old, new):
    """A new document without the keys that an old one does not have."""
    if isinstance(old, dict):
        names = {name: name if name in new else FORMER_KEYS[name] for name in old}
        return {name: known_to(old[name], new[own]) for name, own in names.items()}
    if isinstance(old, list):
        return [known_to(*pair) for pair in zip(old, new, strict=True)]
    return new


def test_its_report_has_all_figures(pipeline, root):
    assert pipeline("report", "--root", root).status == 0
    (page,) = (root / "reports").iterdir()
    text = page.read_text(encoding="utf-8")
    assert "Column importance</title>" in text
    assert "Warning:" not in text


def test_it_predicts_the_same_prices(pipeline, root, tmp_path):
    prices = tmp_path / "prices.csv"
    houses = root / "data" / "raw" / "test.csv"
    assert pipeline("predict", houses, "-o", prices, "--root", root).status == 0
    written, found = (pd.read_csv(path) for path in (FIXTURE / "prices.csv", prices))
    # Processors round the sums of float32 differently.
    pd.testing.assert_frame_equal(found, written, check_exact=False, rtol=1e-6)
