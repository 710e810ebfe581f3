"""Ridge is scikit-learn's, with the penalty that leave-one-out chooses in the fold."""

from dataclasses import replace

import numpy as np
import pytest
from ames_columns import ames_dataset
from sklearn.linear_model import Ridge, RidgeCV

from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED
from pipeline.models import ridge
from pipeline.models.ensemble import cross_validate_models
from pipeline.validation.fold_data import FoldData

SETTINGS = Settings(models=("ridge",), folds=3)


@pytest.fixture(scope="module")
def data(train_features, test_features):
    return FoldData.fit(
        ames_dataset(train_features.head(400), test_features.head(9)), SETTINGS
    )


def encoded(data, number):
    """The encoded columns of all rows, in double precision."""
    matrix = data.read(EXPANDED)
    columns = matrix.entries[:, : len(matrix.names)]
    return data.encoders[number].transform(columns).astype(float)


def fit(data, number):
    return ridge.MODEL.fit_fold(data.training(number), 0, SETTINGS, lambda *_: None)


def test_the_penalty_is_the_one_that_leaving_each_row_out_chooses(data):
    for number in range(3):
        fold = data.training(number)
        X, y = encoded(data, number)[fold.rows], fold.target
        (penalty,) = fit(data, number)["penalty"]
        chosen = RidgeCV(ridge.PENALTIES, store_cv_results=True).fit(X, y)
        assert penalty == chosen.alpha_
        errors = chosen.cv_results_.mean(axis=0)
        assert ridge.PENALTIES[np.argmin(errors)] == penalty


def test_the_predictions_are_those_of_scikit_learn(data):
    fold, arrays = data.training(1), fit(data, 1)
    model = Ridge(arrays["penalty"][0]).fit(encoded(data, 1)[fold.rows], fold.target)
    predicted = ridge.MODEL.predict_fold(arrays, data.read(EXPANDED).entries)
    expected = model.predict(encoded(data, 1))
    np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_blocks_of_rows_change_nothing_but_rounding(data, monkeypatch):
    whole = fit(data, 0)
    monkeypatch.setattr(ridge, "_BLOCK", 37)
    np.testing.assert_allclose(fit(data, 0)["weights"], whole["weights"], atol=1e-9)


def test_validated_rows_change_nothing_that_is_learned(data):
    changed = data.dataset.train.copy()
    valid = data.folds[0].valid
    changed.loc[valid, "SalePrice"] *= 7
    changed.loc[valid, "GrLivArea"] *= 5
    after = FoldData.fit(replace(data.dataset, train=changed), SETTINGS)
    for name, before in fit(data, 0).items():
        np.testing.assert_array_equal(fit(after, 0)[name], before)


def test_a_fold_has_its_rows_in_every_form(data):
    fold = data.training(2)
    train = data.dataset.train
    assert fold.frame.equals(train.iloc[data.folds[2].train])
    assert set(fold.frame["Neighborhood"]) <= set(fold.layout.words["Neighborhood"])
    rows = EXPANDED.read([fold.frame], fold.layout)
    np.testing.assert_array_equal(rows.entries, fold.read(EXPANDED))


def test_more_columns_than_rows_are_no_problem(train_features, test_features):
    dataset = ames_dataset(train_features.head(30), test_features.head(4))
    result = cross_validate_models(dataset, SETTINGS, lambda *_: None, 1)
    assert np.isfinite(result.score.pooled)


BROKEN = {
    "another type": lambda a: {**a, "weights": a["weights"].astype(np.float32)},
    "a weight too few": lambda a: {**a, "weights": a["weights"][1:]},
    "no number": lambda a: {**a, "bias": a["bias"] * np.nan},
    "an array too few": lambda a: {n: each for n, each in a.items() if n != "fill"},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_arrays_that_are_no_ridge_regression_are_refused(kind, data):
    arrays, columns = fit(data, 0), len(data.read(EXPANDED).names)
    ridge.MODEL.check_fold(arrays, SETTINGS, columns)
    with pytest.raises((ValueError, KeyError)):
        ridge.MODEL.check_fold(BROKEN[kind](arrays), SETTINGS, columns)
