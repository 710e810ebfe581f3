"""The score equals scikit-learn's, and the forecast behaves as an interval should."""

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_log_error

from pipeline.validation.metrics import forecast, log_rmse


def test_log_rmse_equals_scikit_learns_where_one_dollar_is_negligible():
    generator = np.random.default_rng(0)
    price = generator.uniform(5e4, 5e5, 300)
    predicted = price * generator.uniform(0.8, 1.25, 300)
    expected = root_mean_squared_log_error(price, predicted)
    assert log_rmse(predicted, price) == pytest.approx(expected, rel=1e-4)


def test_predictions_of_twice_the_price_score_log_two():
    assert log_rmse(np.array([2.0, 4.0]), np.array([1.0, 2.0])) == pytest.approx(
        np.log(2)
    )


def test_the_forecast_holds_the_score_and_narrows_with_more_houses():
    errors = np.random.default_rng(1).standard_t(4, 1460) * 0.1
    few, many = forecast(errors, 100), forecast(errors, 10_000)
    assert few.estimate == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert few.low < many.low < many.estimate < many.high < few.high
