"""Ridge regression (Hoerl and Kennard, 1970) with the Huber loss (Huber, 1964).

Iteratively reweighted least squares: a row whose residual is beyond the threshold δ has
the weight δ / |residual| (Holland and Welsch, 1977). For errors of logs δ follows the
spread of the residuals, so that it fits any table, as in R's MASS::rlm. For other
metrics the loss is that of the metric: the squared error, or nearly the absolute error.

The penalty is chosen on the training rows alone, by the leave-one-out error of least
squares, which costs no further fit: each row's error is its residual divided by one
minus its leverage (Golub, Heath and Wahba, 1979). It is chosen before the reweighting,
so that the eigenvectors are computed once. For logs the error is the absolute one, of
which a few outliers do not decide. The loss is hardly higher for half or twice the
penalty, so there is little to gain by choosing it again on the reweighted rows.

Sums of products over blocks of rows are all that is kept, so a long table needs no
second copy.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from pipeline.core.metrics import ABSOLUTE, Metric

PENALTIES = np.geomspace(0.1, 10_000, 26)  # of standardised columns
EFFICIENT = 1.345  # δ in standard deviations: 95 % as precise on normal errors (Huber)
_MEDIAN, _MEAN = 0.6745, 0.7979  # of |z| for a standard normal z
_TOLERANCE = 1e-3  # of predictions, in deviations of the target: no score shows it
_MOST_ITERATIONS = 50  # as in statsmodels' RLM; 4 to 8 are usual
_LEAST = 1e-9  # one minus the leverage of a row that its own weight explains fully

Blocks = Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]
"""Returns encoded rows, shape (n, columns), and their targets, a block at a time."""


class RidgeFit(NamedTuple):
    """A linear model of encoded columns.

    Attributes:
        weights: shape (columns,).
        bias: the prediction where all columns are 0.
        penalty: of the squared weights.
        delta: the threshold of the Huber loss, in the unit of the target.
    """

    weights: np.ndarray
    bias: float
    penalty: float
    delta: float


def fit_ridge(blocks: Blocks, metric: Metric) -> RidgeFit:
    """Fit weights and penalty to standardised targets.

    Args:
        blocks: the training rows.
        metric: whose loss is minimised.
    """
    fit, freedom = _least_squares(blocks, metric)
    before: np.ndarray | float = np.inf
    for _ in range(_MOST_ITERATIONS):
        products, moments, means, residuals = _products(blocks, fit)
        largest = np.abs(residuals).max()
        done = np.sqrt(np.mean((residuals - before) ** 2)) < _TOLERANCE
        if done or largest <= fit.delta:
            break
        products[np.diag_indices_from(products)] += fit.penalty
        weights = np.linalg.solve(products, moments)
        delta = _threshold(_deviation(residuals, freedom), metric)
        fit = RidgeFit(weights, means[-1] - means[:-1] @ weights, fit.penalty, delta)
        before = residuals
    return fit


def _least_squares(blocks: Blocks, metric: Metric) -> tuple[RidgeFit, float]:
    """Choose the penalty, and fit the squared error.

    Returns:
        The fit, with the threshold that the reweighting starts at, and the degrees of
        freedom of the fit.
    """
    products, moments, means, target = _products(blocks)
    rows = len(target)
    # In the directions of the eigenvectors the penalties need no further solution.
    values, vectors = np.linalg.eigh(products)
    values = np.maximum(values, 0)
    shrinkage = 1 / (values[:, None] + PENALTIES)  # (directions, penalties)
    directions = (vectors.T @ moments)[:, None] * shrinkage
    losses = np.zeros(len(PENALTIES))
    power = ABSOLUTE.power if metric.log else metric.loss.power
    for X, y in blocks():
        rotated = (X - means[:-1]) @ vectors
        leverage = rotated**2 @ shrinkage + 1 / rows
        residuals = (y - means[-1])[:, None] - rotated @ directions
        errors = residuals / np.maximum(1 - leverage, _LEAST)
        losses += (np.abs(errors) ** power).sum(axis=0)
    best = int(np.argmin(losses))
    weights = vectors @ directions[:, best]
    delta = _threshold(losses[best] / rows / _MEAN, metric)
    fit = RidgeFit(weights, means[-1] - means[:-1] @ weights, PENALTIES[best], delta)
    return fit, 1 + float(values @ shrinkage[:, best])


def _products(
    blocks: Blocks, fit: RidgeFit | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return centred products of rows, weighted by their residuals from a fit, if any.

    Returns:
        The products of columns, shape (columns, columns); of columns and target, shape
        (columns,); the weighted means of the columns and of the target; and the
        residuals, shape (rows,), or the targets without a fit.
    """
    total, found = np.zeros(()), []
    for X, y in blocks():
        table = np.column_stack([X, y, np.ones(len(y))])
        residuals = y
        if fit is not None:
            residuals = y - X @ fit.weights - fit.bias
            shares = fit.delta / np.maximum(np.abs(residuals), fit.delta)
            table *= np.sqrt(shares)[:, None]
        total = total + table.T @ table
        found.append(residuals)
    sums = total[:-1, -1]
    means = sums / total[-1, -1]
    centred = total[:-1, :-1] - np.outer(sums, means)
    return centred[:-1, :-1], centred[:-1, -1], means, np.concatenate(found)


def _deviation(residuals: np.ndarray, freedom: float) -> float:
    """Return the robust standard deviation of the errors on new rows.

    It is that of the residuals, which many columns make small, divided by one minus the
    share of degrees of freedom, as in generalised cross-validation (Golub, Heath and
    Wahba).
    """
    left = max(1 - freedom / len(residuals), _LEAST)
    return float(np.median(np.abs(residuals))) / _MEDIAN / left


def _threshold(deviation: float, metric: Metric) -> float:
    """Return the threshold δ, given the standard deviation of the errors.

    Below the threshold of `mae` the Huber loss is nearly the absolute error, and only
    slower to minimise.
    """
    if not metric.log:
        return metric.loss.huber
    return max(EFFICIENT * deviation, ABSOLUTE.huber)
