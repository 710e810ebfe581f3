"""The error on rows that were trained on is compared with that on other rows."""

import numpy as np
import pandas as pd
import pytest
from ames_columns import ames_dataset
from situations import strict
from small_tables import write_project

from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED
from pipeline.models.ensemble import cross_validate_models
from pipeline.models.mlp import MODEL
from pipeline.validation.uncertainty import paired_difference

SETTINGS = Settings(
    models=("mlp",), folds=3, epochs=20, hidden=(8,), lambdas=(0.0, 5.0)
)


def test_the_gap_is_that_of_predictions_from_the_saved_networks(
    train_features, test_features
):
    houses = ames_dataset(train_features.head(120), test_features.head(9))
    result = cross_validate_models(houses, SETTINGS, lambda *_: None, 1)
    data, fitted = result.data, result.members[0].fitted
    entries = data.read(EXPANDED).entries[: data.rows]
    for arrays, gap in zip(fitted.arrays, fitted.gaps, strict=True):
        standardised = MODEL.predict(arrays, entries)
        losses = {True: [], False: []}
        for row, fold_of in enumerate(data.fold_of):
            seen = []
            for fold in range(SETTINGS.folds):
                unbounded = data.scale.undo(standardised)[fold, row]
                bounds = data.row_bounds
                low, high = bounds.floor[fold, 0], bounds.ceiling[fold, row]
                error = min(max(unbounded, low), high) - np.log(
                    data.dataset.actual[row]
                )
                (losses[True] if fold == fold_of else seen).append(error**2)
            losses[False].append(np.mean(seen))
        expected = paired_difference(np.array(losses[False]), np.array(losses[True]))
        assert gap == pytest.approx(expected, rel=1e-4)
        assert gap.value > gap.standard_error


def curved(rows, seed):
    numbers = np.random.default_rng(seed).uniform(-1, 1, (rows, 2))
    frame = pd.DataFrame(numbers, columns=["east", "north"])
    target = frame["east"] * frame["north"]
    return frame.assign(id=range(rows), y=target.round(4))


SCHEMA = """\
id = "id"
target = "y"
metric = "rmse"

[columns]
east = { kind = "number" }
north = { kind = "number" }
"""


def test_train_says_that_networks_underfit_after_too_few_steps(pipeline, tmp_path):
    test = curved(9, seed=1).drop(columns="y")
    root = write_project(tmp_path, curved(300, seed=0), test, schema=SCHEMA)
    pipeline("preprocess", "--root", root)
    train = ("train", "--root", root, "--model", "mlp", "--folds", 3, "--seeds", 1)
    shown = pipeline(*train, "--epochs", 2)
    assert "mlp underfits" in shown.out
    assert "--epochs 4" in " ".join(shown.out.split())
    page = pipeline("report", "--root", root)
    assert page.status == 0
    assert any("mlp underfits" in each.read_text() for each in root.rglob("*.html"))
    usual = pipeline(*train)
    assert "underfits" not in usual.out
    (score,) = strict(pipeline(*train, "--json").out)["scores"]
    assert score["gap"] > score["gap_error"] > 0
