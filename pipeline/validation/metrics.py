"""How good predictions are, in log-RMSE, the competition's score."""

from typing import NamedTuple

import numpy as np


def log_rmse(predicted: np.ndarray, price: np.ndarray) -> float:
    """The square root of the mean squared difference of log prices.

    Shapes: both [rows], in dollars.
    """
    return float(np.sqrt(np.mean(log_errors(predicted, price) ** 2)))


def log_errors(predicted: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Log of the predicted price less log of the price, [rows]."""
    return np.asarray(np.log(predicted) - np.log(price))


class Forecast(NamedTuple):
    """A score expected on new houses, with a 90 % interval."""

    estimate: float
    low: float
    high: float


def forecast(errors: np.ndarray, houses: int, *, draws: int = 4000) -> Forecast:
    """The log-RMSE to expect on `houses` new rows, from out-of-fold errors [rows].

    A few houses rule the score (the errors have heavy tails), so no formula for the
    normal distribution will do. Each draw takes one bootstrap sample for what we do
    not know of the errors' distribution, and from that the new houses, for the luck of
    which houses they are (Efron and Tibshirani, An Introduction to the Bootstrap,
    chapters 13 and 25).
    """
    generator = np.random.default_rng(0)
    squares, rows = errors**2, len(errors)
    scores = []
    for _ in range(draws):
        # Of rows, not of their errors: of many rows few are looked at in the end.
        sample = generator.integers(rows, size=rows)
        new = sample[generator.integers(rows, size=houses)]
        scores.append(np.sqrt(squares[new].mean()))
    low, high = np.quantile(scores, [0.05, 0.95])
    return Forecast(float(np.sqrt(squares.mean())), float(low), float(high))
