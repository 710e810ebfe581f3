"""Ridge minimises the Huber loss; for a squared error it is scikit-learn's."""

from dataclasses import replace

import numpy as np
import pytest
from ames_columns import ames_dataset
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.linear_model import Ridge, RidgeCV

from pipeline.core.metrics import METRICS
from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED
from pipeline.models import ridge
from pipeline.models.ensemble import cross_validate_models
from pipeline.validation.fold_data import FoldData
from pipeline.validation.robust_ridge import PENALTIES, RidgeFit

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


def scored_by(dataset, metric):
    schema = replace(dataset.schema, metric=metric)
    return FoldData.fit(replace(dataset, schema=schema), SETTINGS)


def huber(errors, delta):
    return np.where(
        np.abs(errors) <= delta, errors**2 / 2, delta * (np.abs(errors) - delta / 2)
    )


@pytest.mark.parametrize("metric", ["log-rmse", "mae"])
def test_the_huber_loss_plus_penalty_has_its_minimum_at_the_fit(data, metric):
    fold = scored_by(data.dataset, metric).training(1)
    X, y = encoded(fold.data, 1)[fold.rows], fold.target
    found = fold.ridge

    def objective(parameters):
        weights, bias = parameters[:-1], parameters[-1]
        errors = y - X @ weights - bias
        slope = np.clip(errors, -found.delta, found.delta)
        value = huber(errors, found.delta).sum() + found.penalty / 2 * weights @ weights
        return value, np.append(found.penalty * weights - X.T @ slope, -slope.sum())

    ours = np.append(found.weights, found.bias)
    least = minimize(objective, ours, jac=True, method="L-BFGS-B")
    assert least.success
    assert objective(ours)[0] == pytest.approx(least.fun, rel=1e-4)
    predicted, expected = (X @ each[:-1] + each[-1] for each in (ours, least.x))
    assert np.sqrt(np.mean((predicted - expected) ** 2)) < 0.01


def test_the_threshold_of_logs_follows_the_spread_of_the_errors(data):
    """It is 1.345 robust deviations of the leave-one-out errors."""
    fold = data.training(0)
    X, y = encoded(data, 0)[fold.rows], fold.target
    found = fold.ridge
    errors = y - X @ found.weights - found.bias
    root = np.sqrt(found.delta / np.maximum(np.abs(errors), found.delta))[:, None]
    table = np.column_stack([X, np.ones(len(y))]) * root
    penalties = np.diag([*[found.penalty] * X.shape[1], 0])
    leverage = (table * np.linalg.solve(table.T @ table + penalties, table.T).T).sum(1)
    deviation = np.median(np.abs(errors / (1 - leverage))) / norm.ppf(0.75)
    assert found.delta == pytest.approx(1.345 * deviation, rel=0.1)


def test_a_few_wild_targets_hardly_change_the_predictions(data):
    wild = data.dataset.train.copy()
    rows = data.training(0).rows[::40]
    wild.loc[rows, "SalePrice"] *= 20
    after = FoldData.fit(replace(data.dataset, train=wild), SETTINGS)
    changes = [
        np.abs(prediction(after, metric) - prediction(data, metric)).mean()
        for metric in ("log-rmse", "rmse")
    ]
    assert changes[0] < changes[1] / 1.5


def prediction(data, metric):
    """The predictions of the first fold, in the scale of all targets."""
    data = replace(data, metric=METRICS[metric], _ridges={})
    predicted = ridge.MODEL.predict_fold(fit(data, 0), data.read(EXPANDED).entries)
    return data.scale.undo(predicted)[0]


@pytest.mark.parametrize(("metric", "power"), [("rmse", 2), ("log-rmse", 1)])
def test_the_penalty_is_the_one_that_leaving_each_row_out_chooses(data, metric, power):
    scored = scored_by(data.dataset, metric)
    for number in range(3):
        fold = scored.training(number)
        X, y = encoded(scored, number)[fold.rows], fold.target
        squares = RidgeCV(PENALTIES, store_cv_results=True).fit(X, y).cv_results_
        errors = (squares ** (power / 2)).mean(axis=0)
        assert fold.ridge.penalty == PENALTIES[np.argmin(errors)]


def test_weight_decay_quadruples_where_the_penalty_per_row_is_sixteen_times_higher(
    data,
):
    def decay(penalty):
        ridges = {
            number: scaled(fold, penalty) for number, fold in enumerate(data.folds)
        }
        return replace(data, _ridges=ridges).decay

    def scaled(fold, penalty):
        return RidgeFit(np.zeros(1), 0.0, penalty * len(fold.train), 1.0)

    np.testing.assert_allclose(decay(0.16), 4 * decay(0.01))
    np.testing.assert_allclose(decay(1.0), 24.0)


def test_the_predictions_for_a_squared_error_are_those_of_scikit_learn(data):
    squared = scored_by(data.dataset, "rmse")
    fold, arrays = squared.training(1), fit(squared, 1)
    X = encoded(squared, 1)
    model = Ridge(arrays["penalty"][0]).fit(X[fold.rows], fold.target)
    predicted = ridge.MODEL.predict_fold(arrays, squared.read(EXPANDED).entries)
    np.testing.assert_allclose(predicted, model.predict(X), atol=1e-5)


def test_blocks_of_rows_change_nothing_but_rounding(data, monkeypatch):
    monkeypatch.setattr("pipeline.validation.robust_ridge._LEFT_OUT", 300)
    whole = fit(data, 0)
    monkeypatch.setattr("pipeline.validation.fold_data._BLOCK_CELLS", 20_000)
    monkeypatch.setattr("pipeline.data.encoder._IN_CACHE", 3000)
    blocks = fit(replace(data, _ridges={}, _matrices={}), 0)
    np.testing.assert_allclose(blocks["weights"], whole["weights"], atol=1e-9)


def test_a_target_that_columns_explain_fully_is_predicted(data):
    exact = data.dataset.train.assign(SalePrice=data.dataset.train["GrLivArea"] + 1)
    found = FoldData.fit(replace(data.dataset, train=exact), SETTINGS)
    predicted = ridge.MODEL.predict_fold(fit(found, 0), found.read(EXPANDED).entries)
    errors = (predicted[: found.rows] - found.targets[0])[found.folds[0].valid]
    assert np.abs(errors).mean() < 0.1


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
    "an array too few": lambda a: {
        n: each for n, each in a.items() if n != "encoder.fill"
    },
}


@pytest.mark.parametrize("kind", BROKEN)
def test_arrays_that_are_no_ridge_regression_are_refused(kind, data):
    arrays, columns = fit(data, 0), len(data.read(EXPANDED).names)
    ridge.MODEL.check_fold(arrays, SETTINGS, columns)
    with pytest.raises((ValueError, KeyError)):
        ridge.MODEL.check_fold(BROKEN[kind](arrays), SETTINGS, columns)
