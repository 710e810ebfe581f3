"""`pipeline blend`: the mean of finished runs is a run with a score of its own."""

import json

import numpy as np
import pandas as pd
import pytest
from situations import QUICK, copy_raw

from pipeline.core.paths import Project
from pipeline.runs.store import find_run


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(copy_raw(tmp_path_factory.mktemp("blend") / "root", rows=120))


@pytest.fixture
def runs(project, pipeline):
    """The ids of three runs, the last on other folds."""
    pipeline("preprocess", "--root", project.root)
    ids = []
    for options in (("--lr", 0.01), ("--hidden", "16,8"), ("--seed", 1)):
        words = ("train", "--root", project.root, *QUICK, *options, "--json")
        ids.append(json.loads(pipeline(*words).out)["run_id"])
    return ids


def test_it_is_the_geometric_mean_with_its_own_score(project, runs, pipeline):
    shown = pipeline("blend", *runs[:2], "--root", project.root, "--json")
    assert shown.status == 0, shown.err
    record = json.loads(shown.out)
    assert record["blended"] == runs[:2]
    assert [score["model"] for score in record["scores"]] == [*runs[:2], "blend"]
    folder = project.runs / record["run_id"]
    for name, column in (("oof.csv", "prediction"), ("predictions.csv", "SalePrice")):
        own, first, second = (
            pd.read_csv(project.runs / run / name)[column]
            for run in (record["run_id"], *runs[:2])
        )
        np.testing.assert_allclose(own, np.sqrt(first * second), atol=0.01)
    oof = pd.read_csv(folder / "oof.csv")
    errors = np.log(oof["prediction"] / oof["SalePrice"])
    assert record["cv_log_rmse"] == pytest.approx(np.sqrt((errors**2).mean()), abs=1e-6)
    again = pipeline("blend", *runs[:2], "--root", project.root)
    assert "is up to date" in again.out


def test_it_can_be_submitted_listed_and_used_to_predict(project, runs, pipeline):
    pipeline("blend", *runs[:2], "--root", project.root, "--force")
    blended = find_run(project)
    assert blended.blended == runs[:2]
    submitted = pipeline("submit", "--root", project.root)
    assert submitted.status == 0, submitted.err
    assert blended.run_id in pipeline("runs", "--root", project.root).out
    out = project.root / "prices.csv"
    test = project.raw / "test.csv"
    shown = pipeline("predict", test, "-o", out, "--root", project.root)
    assert shown.status == 0, shown.err
    kept = pd.read_csv(blended.folder / "predictions.csv")["SalePrice"]
    np.testing.assert_allclose(pd.read_csv(out)["SalePrice"], kept, atol=0.011)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([0], "give two run ids or more"),
        ([0, 0], "give two run ids or more, each once"),
        ([0, 2], "its folds are not those of"),
    ],
)
def test_runs_that_cannot_be_blended_are_refused_in_a_line(
    chosen, message, project, runs, pipeline
):
    before = sorted(path.name for path in project.runs.iterdir())
    words = [runs[index] for index in chosen]
    shown = pipeline("blend", *words, "--root", project.root)
    assert shown.status == 2
    assert message in shown.err
    assert len(shown.err.splitlines()) == 1
    assert sorted(path.name for path in project.runs.iterdir()) == before


def test_a_run_that_was_edited_is_not_blended(project, runs, pipeline):
    path = project.runs / runs[0] / "oof.csv"
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"1", b"2", 1))
    try:
        shown = pipeline("blend", *runs[:2], "--root", project.root, "--force")
    finally:
        path.write_bytes(kept)
    assert shown.status == 2
    assert "changed since the run finished" in shown.err
