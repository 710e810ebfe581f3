"""`pipeline train --plots`: a run's pictures, drawn from what its folder holds."""

import json

import pandas as pd
import pytest
from situations import QUICK

from pipeline.core.paths import Folders
from pipeline.lessons import matplotlib_charts
from pipeline.report.plots import plot_run
from pipeline.runs.store import find_run


@pytest.fixture
def ready(pipeline, small_project):
    """A small project, preprocessed."""
    assert pipeline("preprocess", "--root", small_project).status == 0
    return small_project


@pytest.fixture
def charts(monkeypatch):
    """The charts that are drawn, as they come."""
    drawn = []
    monkeypatch.setattr(
        matplotlib_charts, "save", lambda chart, path: drawn.append(chart)
    )
    return drawn


def test_plots_are_drawn_after_training_and_again_of_a_run_that_is_up_to_date(
    pipeline, ready
):
    train = ("train", "--root", ready, *QUICK, "--plots")
    record = json.loads(pipeline(*train, "--json").out)
    run = record["run_id"]
    names = [f"{run}-learning-curves.png", f"{run}-predicted.png"]
    paths = [ready / "reports" / name for name in names]
    assert record["figures"] == [str(path) for path in paths]
    before = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    shown = pipeline(*train).out
    assert "is up to date" in shown
    assert all(f"Drawn: {path}" in shown for path in paths)
    assert [path.read_bytes() for path in paths] == before


def test_without_plots_nothing_is_drawn(pipeline, ready):
    shown = pipeline("train", "--root", ready, *QUICK, "--json")
    assert json.loads(shown.out)["figures"] == []
    assert not (ready / "reports").exists()


def test_curves_are_the_mean_and_range_of_a_folds_networks(pipeline, ready, charts):
    options = ("--epochs", "3", "--seeds", "3", "--folds", "4")
    options += ("--lambda", "2", "--lambda", "9")
    pipeline("train", "--root", ready, *options)
    folders = Folders(ready)
    record = find_run(folders)
    plot_run(folders, record)
    curves, predicted = charts
    folder = folders.runs / record["run_id"]
    history = pd.read_csv(folder / "history.csv")
    own = history[history["lambda"] == record["best_lambda"]]
    assert [panel.title[:6] for panel in curves.panels] == [
        "fold 1",
        "fold 2",
        "fold 3",
        "fold 4",
    ]
    valid = curves.panels[2].lines[1]
    for epoch in range(3):
        values = own.query(f"fold == 2 and epoch == {epoch + 1}")["valid"]
        assert len(values) == 3
        assert valid.y[epoch] == pytest.approx(values.sum() / 3)
        assert valid.band[0][epoch] == values.min()
        assert valid.band[1][epoch] == values.max()
    seen = pd.read_csv(folder / "oof.csv")
    assert list(seen["prediction"]) == predicted.y
    worst = [record["costliest"][n]["Id"] for n in range(10)]
    assert list(seen["Id"].iloc[predicted.ringed]) == worst


def test_of_many_folds_the_best_the_median_and_the_worst_are_drawn(
    pipeline, ready, charts
):
    pipeline("train", "--root", ready, *QUICK, "--folds", "11")
    folders = Folders(ready)
    record = find_run(folders)
    plot_run(folders, record)
    scores = sorted(record["scores"][0]["folds"])
    shown = [float(panel.title.split(": ")[1]) for panel in charts[0].panels]
    assert shown == pytest.approx([scores[0], scores[5], scores[10]], abs=5e-5)
