"""The score equals scikit-learn's; differences and intervals hold as often as they say.

Where rows have groups, the errors of a group are alike.
"""

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_log_error

from pipeline.core.metrics import LOG_RMSE, METRICS
from pipeline.validation.uncertainty import (
    averaging_gain,
    bias_corrected,
    forecast,
    paired_difference,
)


def test_log_rmse_equals_scikit_learns_where_one_dollar_is_negligible():
    generator = np.random.default_rng(0)
    price = generator.uniform(5e4, 5e5, 300)
    predicted = price * generator.uniform(0.8, 1.25, 300)
    expected = root_mean_squared_log_error(price, predicted)
    assert LOG_RMSE.score(predicted, price) == pytest.approx(expected, rel=1e-4)


def test_predictions_of_twice_the_price_score_log_two():
    assert LOG_RMSE.score(np.array([2.0, 4.0]), np.array([1.0, 2.0])) == pytest.approx(
        np.log(2)
    )


def test_the_forecast_holds_the_score_and_narrows_with_more_houses():
    errors = np.random.default_rng(1).standard_t(4, 1460) * 0.1
    few, many = forecast(errors**2, 100), forecast(errors**2, 10_000)
    assert few.estimate == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert few.low < many.low < many.estimate < many.high < few.high


def test_the_forecast_is_that_of_the_mean_of_the_models_of_the_folds():
    generator = np.random.default_rng(0)
    price = generator.normal(0, 1, 4000)
    noise = generator.normal(0, 0.1, 4000) + generator.normal(0, 0.1, (5, 4000))
    models = price + noise
    gain = averaging_gain(models[:, 2000:], LOG_RMSE)
    losses = (models[0, :2000] - price[:2000]) ** 2
    of_mean = np.sqrt(np.mean((models[:, 2000:].mean(axis=0) - price[2000:]) ** 2))
    found = forecast(losses, 2000, gain=gain)
    assert found.low < of_mean < found.high
    assert found.estimate == pytest.approx(of_mean, rel=0.05)
    assert forecast(losses, 2000).low > of_mean


def test_the_gain_of_averaging_is_exact_for_squared_errors_and_none_for_others():
    actual, models = np.array([1.0, 5.0]), np.array([[1.0, 2.0], [3.0, 3.0]])
    single = np.mean((models - actual) ** 2)
    of_mean = np.mean((models.mean(axis=0) - actual) ** 2)
    assert averaging_gain(models, LOG_RMSE) == single - of_mean
    assert averaging_gain(models, METRICS["mae"]) == 0


def test_models_that_differ_more_than_they_err_change_no_forecast():
    losses = np.full(100, 0.01)
    assert forecast(losses, 100, gain=0.02) == forecast(losses, 100)


def test_a_paired_difference_is_that_of_the_scores_with_an_error_over_houses():
    generator = np.random.default_rng(0)
    first = generator.normal(0, 0.1, 4000) ** 2
    second = first + generator.normal(0.0005, 0.004, 4000)
    value, error = paired_difference(first, second)
    exact = np.sqrt(second.mean()) - np.sqrt(first.mean())
    assert value == pytest.approx(exact, rel=1e-6)
    draws = generator.integers(4000, size=(400, 4000))
    roots = np.sqrt(second[draws].mean(axis=1)) - np.sqrt(first[draws].mean(axis=1))
    assert error == pytest.approx(roots.std(), rel=0.15)


def test_the_lowest_of_many_equal_candidates_is_corrected_to_their_common_score():
    squares = np.random.default_rng(0).normal(0, 0.1, (200, 400)) ** 2
    scores = np.sqrt(squares.mean(axis=1))
    corrected = bias_corrected(squares, squares)
    assert scores.min() < 0.093
    assert corrected == pytest.approx(scores.mean(), abs=0.002)


def test_a_candidate_that_is_clearly_best_keeps_its_score():
    squares = np.random.default_rng(0).normal(0, 0.1, (5, 2000)) ** 2
    squares[3] /= 4
    best = np.sqrt(squares[3].mean())
    assert bias_corrected(squares, squares) == pytest.approx(best, rel=0.01)


GROUPS, SIZE = 50, 20
GROUP_OF = np.repeat(np.arange(GROUPS), SIZE)


def grouped(generator):
    """Errors of rows, half of whose variance the rows of a group share."""
    shared = generator.normal(0, 0.1, GROUPS)[GROUP_OF]
    return shared + generator.normal(0, 0.1, GROUPS * SIZE)


def test_two_equal_models_are_told_apart_in_one_of_twenty_draws_of_groups():
    generator = np.random.default_rng(0)
    pairs = [[grouped(generator) ** 2 for _ in range(2)] for _ in range(300)]
    by_group = [paired_difference(*pair, groups=GROUP_OF) for pair in pairs]
    assert 0.02 < np.mean([each.is_told_apart for each in by_group]) < 0.09
    by_row = [paired_difference(*pair) for pair in pairs]
    assert np.mean([each.is_told_apart for each in by_row]) > 0.3


def test_the_interval_holds_the_score_of_new_groups_nine_times_of_ten():
    def share_that_holds(draws, groups):
        generator = np.random.default_rng(0)
        held = []
        for _ in range(draws):
            seen, new = (grouped(generator) ** 2 for _ in range(2))
            found = forecast(seen, len(new), draws=200, groups=groups)
            held.append(found.low < np.sqrt(new.mean()) < found.high)
        return np.mean(held)

    assert 0.84 < share_that_holds(200, GROUP_OF) < 0.95
    assert share_that_holds(40, None) < 0.65


def test_groups_of_repeated_rows_are_as_uncertain_as_one_row_each():
    first, second = np.random.default_rng(0).normal(0, 0.1, (2, GROUPS)) ** 2
    repeated = np.stack([first, second])[:, GROUP_OF]
    assert paired_difference(*repeated, groups=GROUP_OF) == pytest.approx(
        paired_difference(first, second)
    )
    by_group = forecast(repeated[0], 100 * SIZE, groups=GROUP_OF)
    by_row = forecast(first, 100)
    assert vars(by_group) == pytest.approx(vars(by_row))


def test_the_best_of_many_equal_candidates_is_corrected_by_group():
    generator = np.random.default_rng(0)
    squares = np.stack([grouped(generator) ** 2 for _ in range(200)])
    scores = np.sqrt(squares.mean(axis=1))
    by_group = bias_corrected(squares, squares, groups=GROUP_OF)
    assert by_group == pytest.approx(scores.mean(), abs=0.005)
    assert bias_corrected(squares, squares) < scores.mean() - 0.01


@pytest.mark.parametrize("new_rows", [1, 9, 29])
def test_fewer_new_rows_than_a_group_are_one_group(new_rows):
    losses = grouped(np.random.default_rng(0)) ** 2
    found = forecast(losses, new_rows, draws=50, groups=GROUP_OF)
    assert found == forecast(losses, SIZE, draws=50, groups=GROUP_OF)
