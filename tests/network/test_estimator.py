"""The regressor passes scikit-learn's checks and works with its tools."""

import os
import subprocess
import sys
from inspect import signature

import joblib
import numpy as np
import pytest
from ames_columns import LAYOUT, TARGET, ames_dataset, to_matrix
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_regression
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

import pipeline
from pipeline import StackedMLPRegressor
from pipeline.core.settings import Settings
from pipeline.models.mlp import MODEL
from pipeline.validation.fold_data import FoldData

X, Y = make_regression(200, 10, noise=10.0, random_state=0)


def model(**parameters):
    """Return a regressor with a fixed random state."""
    return StackedMLPRegressor(random_state=0, **parameters)


@estimator_checks.parametrize_with_checks([StackedMLPRegressor(epochs=60)])
def test_all_checks_of_scikit_learn_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_param_validation,
        estimator_checks.check_dataframe_column_names_consistency,
        estimator_checks.check_inplace_ensure_writeable,
    ],
)
def test_checks_that_scikit_learn_keeps_for_its_own_estimators_pass(check):
    check("StackedMLPRegressor", StackedMLPRegressor(epochs=2))


@pytest.mark.slow
def test_the_check_that_needs_a_process_of_its_own_passes():
    code = (
        "from sklearn.utils.estimator_checks import estimator_checks_generator\n"
        "from pipeline import StackedMLPRegressor\n"
        "every = estimator_checks_generator(StackedMLPRegressor())\n"
        "own = [each for each in every if 'array_api' in repr(each)]\n"
        "for estimator, check in own: check(estimator)\n"
        "print(len(own))"
    )
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    assert run(code, environment).stdout == "1\n"


def run(code, environment=None):
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )


def test_neither_torch_nor_scikit_learn_is_loaded_until_it_is_asked_for():
    heavy = "{'torch', 'sklearn', 'numpy'} & sys.modules.keys()"
    assert run(f"import pipeline.cli, sys; print({heavy})").stdout == "set()\n"
    assert not hasattr(pipeline, "Regressor")


def test_it_scores_as_well_as_linear_regression_on_a_linear_target():
    ours = cross_val_score(model(seeds=1), X, Y).mean()
    assert ours > cross_val_score(LinearRegression(), X, Y).mean() - 0.01


def test_it_works_within_the_tools_of_scikit_learn():
    steps = make_pipeline(StandardScaler(), model(epochs=10, batch_size=16))
    grid = {"stackedmlpregressor__weight_decay": [0.1, 30.0]}
    search = GridSearchCV(steps, grid, cv=3)
    stack = StackingRegressor(
        [("ours", model(epochs=10, batch_size=16)), ("ridge", Ridge())], cv=3
    )
    target = TransformedTargetRegressor(
        model(epochs=10, batch_size=16), func=np.log, inverse_func=np.exp
    )
    for each, y in ((search, Y), (stack, Y), (target, np.exp(Y / 500))):
        assert each.fit(X, y).score(X, y) > 0.7
    assert search.best_params_ == {"stackedmlpregressor__weight_decay": 0.1}


def test_weights_and_the_order_of_rows_are_exact_in_batches_and_with_dropout():
    generator = np.random.default_rng(0)
    weights = generator.integers(0, 4, len(Y))
    again = generator.permutation(np.repeat(np.arange(len(Y)), weights))
    settings = {"batch_size": 20, "epochs": 3, "dropout": 0.3}
    weighted = model(**settings).fit(X, Y, weights)
    repeated = model(**settings).fit(X[again], Y[again])
    assert np.array_equal(weighted.predict(X), repeated.predict(X))
    doubled = model(**settings).fit(X, Y, 2 * weights)
    assert np.array_equal(weighted.predict(X), doubled.predict(X))
    plain = model(**settings).fit(X, Y)
    assert not np.allclose(weighted.predict(X), plain.predict(X))


def test_a_heavy_row_is_followed_as_a_weighted_regression_follows_it():
    x = np.repeat([[0.0], [1.0], [2.0]], 20, axis=0) + np.linspace(0, 0.1, 60)[:, None]
    y = np.tile([0.0, 1.0], 30) + x[:, 0]
    weights = np.tile([1.0, 9.0], 30)  # 9 for the upper of two lines
    ours = model(delta=1e6, epochs=200).fit(x, y, weights).predict(x)
    truth = LinearRegression().fit(x, y, weights).predict(x)
    assert np.abs(ours - truth).max() < 0.1 < np.abs(x[:, 0] + 0.5 - truth).min()


@pytest.mark.parametrize("scale", [2.0**-60, 2.0**60])
def test_the_unit_of_the_target_does_not_matter(scale):
    one = model(epochs=3).fit(X, Y)
    other = model(epochs=3).fit(X, Y * scale)
    assert np.array_equal(one.predict(X) * scale, other.predict(X))


def test_columns_far_from_zero_are_standardised_in_double_precision():
    one = model(epochs=3).fit(X, Y).predict(X)
    far = model(epochs=3).fit(X + 1e6, Y).predict(X + 1e6)
    np.testing.assert_allclose(far, one, atol=1e-3 * Y.std())


def test_a_constant_target_is_predicted_and_so_is_a_single_row():
    assert (model(epochs=2).fit(X, np.full(len(Y), 7.0)).predict(X) == 7).all()
    assert (model(epochs=2).fit(X[:1], [7.0]).predict(X) == 7).all()


def test_the_curve_ends_at_the_error_of_the_network_in_the_unit_of_the_target():
    one = model(dropout=0.0, seeds=1, epochs=40, batch_size=25).fit(X, Y)
    left = np.sqrt(np.mean((one.predict(X) - Y) ** 2))
    assert one.rmse_curve_.shape == (one.n_iter_, 1) == (40, 1)
    assert one.rmse_curve_[-1, 0] == pytest.approx(left, rel=0.05)
    assert one.rmse_curve_[0, 0] > 5 * left


def test_the_loss_curve_is_one_dimensional_as_that_of_scikit_learn():
    one = model(seeds=2, epochs=3).fit(X, Y)
    assert one.loss_curve_.shape == (3,)
    losses = [(error[0] ** 2 + error[1] ** 2) / 4 for error in one.rmse_curve_]
    np.testing.assert_allclose(one.loss_curve_, losses)


def test_the_signature_fits_into_a_few_lines():
    for function in (StackedMLPRegressor, StackedMLPRegressor.fit):
        assert len(str(signature(function))) < 450
        assert "numpy._typing" not in str(signature(function))


def test_fitted_state_is_plain_arrays_that_joblib_keeps(tmp_path):
    one = model(seeds=2, epochs=3).fit(X, Y)
    state = {**vars(one), **vars(one.scaler_), **one.weights_}
    fitted = {name: each for name, each in state.items() if name.endswith("_")}
    kinds = {type(each) for each in [*fitted.values(), *one.weights_.values()]}
    plain = {np.ndarray, np.float64, np.int64, float, int, dict, StandardScaler}
    assert kinds <= plain, kinds
    joblib.dump(one, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.predict(X), one.predict(X))


def test_what_is_not_given_follows_from_the_rows_as_in_train():
    few = model(seeds=1).fit(X, Y)
    usual = Settings().for_rows(len(X))
    assert few.n_iter_ == usual.epochs
    given = model(
        seeds=1,
        epochs=usual.epochs,
        hidden_layer_sizes=usual.hidden,
        dropout=usual.dropout,
        batch_size=usual.batch_size,
    )
    assert np.array_equal(given.fit(X, Y).predict(X), few.predict(X))


@pytest.mark.parametrize("sizes", [(), (8, 0), (2.5,), "wide"])
def test_layers_that_cannot_be_are_refused(sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model(hidden_layer_sizes=sizes).fit(X, Y)


@pytest.mark.parametrize("weights", [-np.ones(200), np.full(200, np.nan), np.ones(3)])
def test_weights_that_cannot_be_are_refused(weights):
    with pytest.raises(ValueError, match=r"sample_weight|inconsistent"):
        model().fit(X, Y, weights)


def test_weights_far_apart_leave_no_batch_without_one():
    weights = np.where(np.arange(len(Y)) < 100, 1e-60, 1.0)
    far = model(epochs=2, batch_size=5).fit(X, Y, weights)
    rest = model(epochs=2, batch_size=5).fit(X[100:], Y[100:])
    assert np.array_equal(far.predict(X), rest.predict(X))


def test_training_that_diverges_says_so():
    with pytest.raises(ValueError, match="lower learning_rate"):
        model(learning_rate=1e30).fit(X, Y)


def test_on_the_encoded_houses_it_scores_as_train_does(train_features, test_features):
    settings = Settings(epochs=20, seeds=1, hidden=(32,))
    dataset = ames_dataset(train_features, test_features)
    data = FoldData.fit(dataset, settings)
    settings = data.settings
    predicted = MODEL.fit(data, settings, lambda *_: None, 1).predicted[0]
    unbounded = data.scale.undo(predicted)
    transformed = np.log(train_features[TARGET].to_numpy())
    matrix = to_matrix(train_features, LAYOUT).entries
    scores = []
    for number, fold in enumerate(data.folds):
        ours = model(
            hidden_layer_sizes=settings.hidden,
            weight_decay=data.decay[number] * settings.lambdas[0],
            learning_rate=settings.lr,
            dropout=settings.dropout,
            delta=data.ridges[number].delta,
            standardize=False,
            epochs=settings.epochs,
            seeds=1,
        )
        x, split = data.encoders[number].transform(matrix), [fold]
        known = {"cv": split, "scoring": "neg_root_mean_squared_error"}
        gaps = unbounded[number, fold.valid] - transformed[fold.valid]
        engine = np.sqrt(np.mean(gaps**2))
        (own,) = -cross_val_score(ours, x, transformed, **known)
        (ridge,) = -cross_val_score(Ridge(100.0), x, transformed, **known)
        scores.append((own, engine, ridge))
    own, engine, ridge = np.mean(scores, axis=0)
    assert own == pytest.approx(engine, abs=0.005)
    assert own == pytest.approx(ridge, abs=0.02)
