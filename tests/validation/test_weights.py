"""The weights of a blend: fitted, and shrunk to equal as far as they are chance."""

import numpy as np
import pytest

from pipeline.core.metrics import METRICS
from pipeline.validation import weights
from pipeline.validation.weights import blend_weights, on_simplex

RMSE, MAE = METRICS["rmse"], METRICS["mae"]
METRIC = pytest.mark.parametrize("metric", [RMSE, MAE], ids=lambda metric: metric.name)


def errors_of(rows, *deviations, seed=0):
    """Errors of models: a part that all share, and one of each model."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(0, 0.1, rows)
    return np.stack([shared + generator.normal(0, each, rows) for each in deviations])


def grid(models):
    """Yield many convex weights of three models."""
    steps = np.linspace(0, 1, 101)
    for first in steps:
        for second in steps[steps <= 1 - first + 1e-9]:
            yield np.array([first, second, max(0.0, 1 - first - second)])


@METRIC
@pytest.mark.parametrize("deviations", [(0.04, 0.05, 0.06), (0.02, 0.05, 0.3)])
def test_no_weights_of_a_grid_have_a_lower_loss_than_the_fitted_ones(
    metric, deviations, monkeypatch
):
    monkeypatch.setattr(weights, "shrunk", lambda fitted, variance: fitted)
    errors = errors_of(400, *deviations)

    def loss(of):
        return metric.losses_of(of @ errors).mean()

    fitted = blend_weights(errors, metric)
    assert fitted.min() >= 0
    assert fitted.sum() == pytest.approx(1)
    assert loss(fitted) <= min(map(loss, grid(3))) * (1 + 1e-5)


def test_the_quadratic_programme_is_solved_for_any_number_of_models():
    generator = np.random.default_rng(1)
    factors = generator.normal(0.3, 1, (50, 9, 12))
    forms = factors @ factors.transpose(0, 2, 1)
    found = on_simplex(forms)
    gradients = (forms @ found[..., None])[..., 0]
    value = (found * gradients).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found.min() >= 0
    assert (found == 0).any()
    # The conditions of Karush, Kuhn and Tucker: no direction along the simplex falls.
    assert (value - gradients < 1e-6 * value).all()
    np.testing.assert_allclose(gradients[found > 0], (value + 0 * found)[found > 0])


@METRIC
def test_models_that_are_equally_good_get_nearly_equal_weights(metric):
    found = np.stack(
        [
            blend_weights(errors_of(200, 0.05, 0.05, 0.05, seed=seed), metric)
            for seed in range(20)
        ]
    )
    assert np.median(np.abs(found - 1 / 3).max(axis=1)) < 0.02


@METRIC
def test_a_model_that_errs_as_another_but_more_is_left_out(metric):
    first, second, noise = errors_of(400, 0.05, 0.05, 0.05)
    found = blend_weights(np.stack([first, second, 1.5 * first + noise]), metric)
    assert found[2] == 0
    assert found[:2] == pytest.approx(blend_weights(np.stack([first, second]), metric))


@METRIC
def test_many_rows_leave_the_best_weights_as_they_are(metric):
    # The best weights of independent errors are as one over their variances: 7 to 3.
    generator = np.random.default_rng(0)
    deviations = np.sqrt([[1 / 0.7], [1 / 0.3]])
    errors = deviations * generator.normal(size=(2, 8_000))
    assert blend_weights(errors, metric) == pytest.approx([0.7, 0.3], abs=0.03)


def test_the_share_of_the_fitted_weights_is_that_of_james_and_stein():
    fitted = np.array([0.9, 0.1])
    share = 1 - 0.02 / 0.32  # the squared distance to equal weights is 0.32
    assert weights.shrunk(fitted, 0.02) == pytest.approx(
        [0.5 + 0.4 * share, 0.5 - 0.4 * share]
    )
    assert weights.shrunk(fitted, 0.4) == pytest.approx([0.5, 0.5])


@METRIC
def test_the_order_of_the_models_changes_nothing(metric):
    errors = errors_of(300, 0.04, 0.05, 0.06, 0.4, 0.5)
    order = [3, 1, 4, 0, 2]
    np.testing.assert_allclose(
        blend_weights(errors[order], metric),
        blend_weights(errors, metric)[order],
        atol=1e-4,
    )


@METRIC
def test_the_unit_of_the_target_changes_nothing(metric):
    errors = errors_of(300, 0.04, 0.06)
    np.testing.assert_allclose(
        blend_weights(1e9 * errors, metric), blend_weights(errors, metric)
    )


@METRIC
def test_groups_of_repeated_rows_count_as_one_row_each(metric):
    errors = errors_of(100, 0.04, 0.06)
    repeated = np.repeat(errors, 20, axis=1)
    groups = np.repeat([f"group {n:03}" for n in range(100)], 20)
    found = blend_weights(repeated, metric, groups)
    np.testing.assert_allclose(found, blend_weights(errors, metric), atol=1e-6)
    # Without groups, 2,000 rows would leave no doubt about the weights.
    assert blend_weights(repeated, metric)[0] > found[0] + 0.02


def test_models_that_predict_the_same_share_their_weight():
    first, other = errors_of(400, 0.05, 0.05)
    assert blend_weights(np.stack([first, first]), RMSE) == pytest.approx([0.5, 0.5])
    found = blend_weights(np.stack([first, other, first]), RMSE)
    assert found[0] == pytest.approx(found[2], abs=1e-6)


@METRIC
@pytest.mark.parametrize("errors", [[[0.2, -0.1]], [[0.0, 0.0]]])
def test_the_weight_of_a_single_model_is_one(metric, errors):
    assert blend_weights(np.array(errors), metric).tolist() == [1.0]


def test_a_single_group_tells_nothing_of_the_weights():
    errors = errors_of(100, 0.01, 0.5)
    assert blend_weights(errors, RMSE, np.zeros(100)).tolist() == [0.5, 0.5]


@METRIC
def test_models_without_errors_share_equally(metric):
    assert blend_weights(np.zeros((2, 30)), metric) == pytest.approx([0.5, 0.5])


def test_a_long_table_is_drawn_in_blocks_with_the_same_variance(monkeypatch):
    errors = errors_of(1500, 0.045, 0.05)
    by_row = blend_weights(errors, RMSE)
    monkeypatch.setattr(weights, "MOST_UNITS", 300)
    assert blend_weights(errors, RMSE) == pytest.approx(by_row, abs=0.02)
