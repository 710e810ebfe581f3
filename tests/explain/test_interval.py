"""CV+ intervals, compared with the formula of the paper."""

import numpy as np
import pandas as pd

from pipeline.explain.interval import Intervals, Spread


def rows(number, seed=0, scale=None):
    generator = np.random.default_rng(seed)
    predicted = generator.uniform(0, 10, number)
    scale = (0.1 + 0.1 * predicted) if scale is None else scale
    actual = predicted + scale * generator.normal(size=number)
    fold = np.arange(number) % 5
    return predicted, actual, fold, pd.Series(np.where(fold < 3, "a", "b"))


def unscaled(predicted, actual, fold, places):
    flat = Spread(np.array([1.0, 2, 3, 4]), np.zeros(6), pd.Series(dtype=float))
    errors = np.abs(predicted - actual)
    return Intervals(predicted, places, fold, errors, [flat] * 5)


def test_without_a_spread_it_is_the_interval_of_barber_and_others():
    predicted, actual, fold, places = rows(99)
    by_fold = np.array([4.0, 4.5, 5.0, 5.5, 6.0])
    low, high = unscaled(predicted, actual, fold, places).of_new(by_fold, "a")
    errors = np.abs(predicted - actual)
    lows, highs = np.sort(by_fold[fold] - errors), np.sort(by_fold[fold] + errors)
    assert low == lows[20 - 1]  # floor(0.2 (n + 1))
    assert high == highs[80 - 1]  # ceil(0.8 (n + 1))


def test_a_training_row_s_own_error_does_not_count():
    predicted, actual, fold, places = rows(50)
    actual[7] = predicted[7] + 1e6
    calm, wild = actual.copy(), actual
    calm[7] = predicted[7]
    ends = [
        unscaled(predicted, each, fold, places).of_training(7) for each in (calm, wild)
    ]
    assert ends[0] == ends[1]


def test_rows_with_larger_errors_have_wider_intervals_that_hold_as_many():
    fitted = Intervals.fit(*rows(2000))
    predicted, actual, _, places = rows(1000, seed=1)
    ends = [
        fitted.of_new(np.full(5, value), place)
        for value, place in zip(predicted, places, strict=True)
    ]
    low, high = np.array(ends).T
    inside = (low <= actual) & (actual <= high)
    easy = predicted < 3
    assert abs(inside.mean() - 0.8) < 0.04
    assert abs(inside[easy].mean() - 0.8) < 0.08
    assert abs(inside[~easy].mean() - 0.8) < 0.06
    assert np.median((high - low)[~easy]) > 2 * np.median((high - low)[easy])


def test_predictions_that_are_all_exact_have_an_interval_of_no_width():
    predicted, _, fold, places = rows(30)
    fitted = Intervals.fit(predicted, predicted, fold, places)
    assert fitted.of_new(np.full(5, 3.0), "a") == (3.0, 3.0)


def test_few_equal_predictions_have_an_interval():
    predicted, fold = np.zeros(6), np.arange(6) % 2
    places = pd.Series(["a"] * 6)
    fitted = Intervals.fit(predicted, np.arange(6.0), fold, places)
    low, high = fitted.of_new(np.zeros(2), "elsewhere")
    assert low < 0 < high
