"""The same run writes the same bytes, with any order of λ, jobs and threads."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
import torch
from ames_columns import ames_dataset
from situations import QUICK

from pipeline.core.settings import Settings
from pipeline.models.ensemble import cross_validate_models

GRID = ("--lambda", 0, "--lambda", 2, "--lambda", 5)
TIMES = ("run_id", "created", "seconds", "digest")  # the digest depends on the others


def train(pipeline, root, *options):
    """Train again, and return the run folder."""
    result = pipeline("train", "--root", root, *QUICK, *options, "--force", "--json")
    assert result.status == 0, result.err
    return root / "runs" / json.loads(result.out)["run_id"]


def bytes_of(folder):
    """Return all files of a run folder, without times."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    record = json.loads(files["run.json"])
    for name in TIMES:
        del record[name]
    for score in record["scores"]:
        del score["seconds"]
    return {**files, "run.json": json.dumps(record)}


def test_neither_the_order_of_lambdas_nor_the_jobs_change_a_byte(
    pipeline, trained_project
):
    backwards = ("--lambda", 5, "--lambda", 2, "--lambda", 0)
    asked = [GRID, GRID, backwards]
    asked += [(*GRID, "--jobs", jobs) for jobs in (1, 3, 64)]
    first, *others = (train(pipeline, trained_project, *each) for each in asked)
    for other in others:
        assert bytes_of(other) == bytes_of(first)


def test_a_grid_in_another_order_is_up_to_date(pipeline, trained_project):
    runs = [
        json.loads(
            pipeline("train", "--root", trained_project, *QUICK, *grid, "--json").out
        )
        for grid in (("--lambda", 5, "--lambda", 0), ("--lambda", 0, "--lambda", 5))
    ]
    assert [run["skipped"] for run in runs] == [False, True]
    assert runs[0]["run_id"] == runs[1]["run_id"]


def test_a_lambda_alone_writes_the_same_predictions_as_in_a_grid(
    pipeline, trained_project
):
    grid = train(pipeline, trained_project, *GRID)
    best = json.loads((grid / "run.json").read_text())["best_lambda"]
    alone = train(pipeline, trained_project, "--lambda", best)
    for name in ("oof.csv", "predictions.csv"):
        assert (alone / name).read_bytes() == (grid / name).read_bytes()
    own, all_ = (pd.read_csv(run / "history.csv", dtype=str) for run in (alone, grid))
    of_best = all_[all_["lambda"].astype(float) == best].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, of_best)
    records = [json.loads((run / "run.json").read_text()) for run in (alone, grid)]
    rows = [{s["lambda"]: s for s in record["scores"]}[best] for record in records]
    assert [row.pop("seconds") > 0 for row in rows] == [True, True]
    assert rows[0] == rows[1]
    # The forecast of the grid is corrected for the choice among its values of λ.
    assert records[0]["forecast"]["estimate"] <= records[1]["forecast"]["estimate"]


@pytest.mark.slow
def test_the_environments_threads_change_no_byte(pipeline, trained_project):
    here = train(pipeline, trained_project, "--model", "ridge")  # and the MLP
    options = [*QUICK, "--model", "ridge", "--force", "--json"]
    command = ["train", "--root", str(trained_project), *options]
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    shown = subprocess.run(
        [sys.executable, "-m", "pipeline", *command],
        env=os.environ | dict.fromkeys(names, "2"),
        capture_output=True,
        text=True,
        check=True,
    )
    there = trained_project / "runs" / json.loads(shown.stdout)["run_id"]
    assert bytes_of(there) == bytes_of(here)
    assert json.loads((there / "run.json").read_text())["threads"] == 1


def test_scores_are_nearly_equal_with_one_thread_and_with_two(
    train_features, test_features
):
    settings = Settings(models=("mlp",), lambdas=(0.0, 5.0), epochs=5)
    houses = ames_dataset(train_features.head(200), test_features.head(10))
    scores = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            result = cross_validate_models(houses, settings, lambda *_: None, 1)
            (mlp,) = result.members
            scores.append([[*each.folds, each.pooled] for each in mlp.scores])
    finally:
        torch.set_num_threads(1)
    for one, two in zip(*scores, strict=True):
        assert one == pytest.approx(two, abs=1e-4)
