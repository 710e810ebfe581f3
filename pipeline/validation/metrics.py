"""The competition's score, log-RMSE, and a forecast of it for new houses."""

import math
from collections.abc import Callable
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


class Difference(NamedTuple):
    """A difference of two log-RMSE and its standard error."""

    value: float
    standard_error: float

    @property
    def is_told_apart(self) -> bool:
        """Whether it is more than two standard errors, and so hardly chance."""
        return abs(self.value) > 2 * self.standard_error


def paired_difference(first: np.ndarray, second: np.ndarray) -> Difference:
    """Return how much higher the second log-RMSE is, with its standard error.

    The uncertainty is over houses, which are paired: what makes a house hard to predict
    does so for both models. (A deviation over folds or fold seeds, which share most of
    their training rows, is too small: Nadeau and Bengio, Inference for the
    Generalization Error, Machine Learning, 2003.) The difference of the mean squared
    errors is divided by the sum of their roots, which gives that of the roots.

    Args:
        first: squared errors of log prices, shape (rows,). For several fold seeds, take
            the mean over the seeds of each house first.
        second: the same of the other model.
    """
    roots = float(np.sqrt(first.mean()) + np.sqrt(second.mean()))
    if not roots:
        return Difference(0.0, 0.0)
    gaps = second - first
    error = float(np.std(gaps, ddof=1)) / math.sqrt(len(gaps))
    return Difference(float(gaps.mean()) / roots, error / roots)


def lowest(squares: np.ndarray, counts: np.ndarray) -> int:
    """Return the index of the candidate with the lowest error on drawn houses.

    Args:
        squares: squared errors, shape (candidates, rows).
        counts: how often each house was drawn, shape (rows,).
    """
    return int(np.argmin(squares @ counts))


def bias_corrected(
    compared: np.ndarray,
    scored: np.ndarray,
    *,
    choose: Callable[[np.ndarray, np.ndarray], int] = lowest,
    draws: int = 500,
) -> float:
    """Return the log-RMSE of the best of several candidates, without selection bias.

    The lowest of several scores is optimistic: it is partly luck. Each draw takes
    houses with replacement, picks the candidate that is best on them, and scores it on
    the houses that were not drawn (Tsamardinos, Greasidou and Borboudakis,
    Bootstrapping the out-of-sample predictions for efficient and accurate
    cross-validation, Machine Learning, 2018). The houses that were not drawn differ
    from draw to draw. So the overall best is scored on the same ones, and only the mean
    difference is added to its own score.

    Args:
        compared: squared errors that the choice is made by, shape (candidates, rows).
        scored: squared errors that the score is made of, of the same shape.
        choose: the rule that picks the best, given `compared` and the counts.
        draws: number of bootstrap draws.
    """
    generator = np.random.default_rng(0)
    rows = compared.shape[1]
    overall = choose(compared, np.ones(rows))
    gaps = []
    for _ in range(draws):
        counts = np.bincount(generator.integers(rows, size=rows), minlength=rows)
        best = choose(compared, counts)
        out = counts == 0
        if out.any():
            gaps.append((scored[best, out] - scored[overall, out]).mean())
    return float(np.sqrt(scored[overall].mean() + np.mean(gaps)))


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
        # Of the bootstrap sample, only the places that new houses take are drawn: it
        # may have many more. Houses that take the same place are the same row.
        places = np.sort(generator.integers(rows, size=houses))
        is_first = np.diff(places, prepend=-1) > 0
        sample = generator.integers(rows, size=is_first.sum())
        new = sample[np.cumsum(is_first) - 1]
        scores.append(np.sqrt(squares[new].mean()))
    low, high = np.quantile(scores, [0.05, 0.95])
    return Forecast(float(np.sqrt(squares.mean())), float(low), float(high))
