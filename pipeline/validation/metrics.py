"""The competition's score, log-RMSE, and a forecast of it for new houses."""

from typing import NamedTuple

import numpy as np


def log_rmse(predicted: np.ndarray, price: np.ndarray) -> float:
    """Return the root mean squared error of log prices.

    Args:
        predicted: shape (rows,), in dollars.
        price: shape (rows,), in dollars.
    """
    return float(np.sqrt(np.mean(log_errors(predicted, price) ** 2)))


def log_errors(predicted: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Return log(predicted) - log(price), shape (rows,); prices in dollars."""
    return np.asarray(np.log(predicted) - np.log(price))


class Forecast(NamedTuple):
    """The expected score on new houses, with a 90 % interval."""

    estimate: float
    low: float
    high: float


def forecast(errors: np.ndarray, houses: int, *, draws: int = 4000) -> Forecast:
    """Forecast the log-RMSE on new houses from out-of-fold errors.

    A few houses dominate the score (the errors have heavy tails), so formulas for the
    normal distribution are not accurate. Each draw takes a bootstrap sample, for the
    uncertainty of the errors' distribution, and samples the new houses from it, for the
    randomness of the houses themselves (Efron and Tibshirani, An Introduction to the
    Bootstrap, chapters 13 and 25).

    Args:
        errors: shape (rows,), out-of-fold errors of log prices.
        houses: number of new houses.
        draws: number of bootstrap draws.
    """
    generator = np.random.default_rng(0)
    squares, rows = errors**2, len(errors)
    scores = []
    for _ in range(draws):
        # Row numbers are sampled, not errors: with many rows, few errors are read.
        sample = generator.integers(rows, size=rows)
        new = sample[generator.integers(rows, size=houses)]
        scores.append(np.sqrt(squares[new].mean()))
    low, high = np.quantile(scores, [0.05, 0.95])
    return Forecast(float(np.sqrt(squares.mean())), float(low), float(high))
