"""Ridge regression (Hoerl and Kennard, 1970) with the Huber loss (Huber, 1964).

Iteratively reweighted least squares: a row whose residual is beyond the threshold δ has
the weight δ / |residual| (Holland and Welsch, 1977). For errors of logs δ follows the
spread of the residuals, so that it fits any table, as in R's MASS::rlm. For other
metrics the loss is that of the metric: the squared error, or nearly the absolute error.

The penalty is chosen on the training rows alone, by the leave-one-out error of least
squares, which costs no further fit: each row's error is its residual divided by one
minus its leverage (Golub, Heath and Wahba, 1979). It is chosen before the reweighting,
so that the eigenvectors are computed once. For logs it is the absolute error, on which
a few outliers have little influence.

Sums of products over blocks of rows are all that is kept, so a long table needs no
second copy. What the rows beyond δ lose of their weight is subtracted from the sums, so
that an iteration multiplies these rows only.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

import numpy as np

from pipeline.core.metrics import ABSOLUTE, Metric

PENALTIES = np.geomspace(0.1, 10_000, 26)  # of standardised columns
EFFICIENT = 1.345  # δ in standard deviations: 95 % as precise on normal errors (Huber)
_MEDIAN, _MEAN = 0.6745, 0.7979  # of |z| for a standard normal z
_TOLERANCE = 1e-3  # of predictions, in deviations of the target: no score shows it
_MOST_ITERATIONS = 50  # as in statsmodels' RLM; 4 to 10 are usual
_LEFT_OUT = 10_000  # rows of a longer table that are left out one by one
_STRETCH = 1024  # rows in sequence, of which every few are left out
_LEAST = 1e-9  # one minus the leverage of a row that its own weight explains fully

Blocks = Callable[[], Iterable[np.ndarray]]
"""Returns encoded rows, their targets and ones, shape (n, columns + 2), a block at a
time. A block may be in the memory of the one before."""


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


class _Sums(NamedTuple):
    """Centred products of rows, summed.

    Attributes:
        products: shape (columns, columns), of the columns with each other.
        moments: shape (columns,), of the columns with the target.
        means: shape (columns,), of the columns.
        level: the mean of the target.
    """

    products: np.ndarray
    moments: np.ndarray
    means: np.ndarray
    level: float

    @classmethod
    def of(cls, total: np.ndarray) -> Self:
        """Centre the sum of the products of blocks."""
        sums, rows = total[:-1, -1], total[-1, -1]
        centred = total[:-1, :-1] - np.outer(sums, sums) / rows
        means = sums / rows
        return cls(centred[:-1, :-1], centred[:-1, -1], means[:-1], float(means[-1]))


def fit_ridge(blocks: Blocks, metric: Metric) -> RidgeFit:
    """Fit weights and penalty to standardised targets.

    Args:
        blocks: the training rows.
        metric: whose loss is minimised.
    """
    total = np.asarray(sum((block.T @ block for block in blocks()), 0.0))
    fit, freedom = _least_squares(blocks, total, metric)
    before: np.ndarray | float = np.inf
    for _ in range(_MOST_ITERATIONS):
        weighted, found = np.array(total), []
        for block in blocks():
            residuals = block[:, -2] - block[:, :-2] @ fit.weights - fit.bias
            beyond = np.abs(residuals) > fit.delta
            lost = 1 - fit.delta / np.abs(residuals[beyond])
            table = block[beyond] * np.sqrt(lost)[:, None]
            weighted -= table.T @ table
            found.append(residuals)
        after = np.concatenate(found)
        if np.sqrt(np.mean((after - before) ** 2)) < _TOLERANCE:
            break
        sums = _Sums.of(weighted)
        sums.products[np.diag_indices_from(sums.products)] += fit.penalty
        weights = np.linalg.solve(sums.products, sums.moments)
        bias = sums.level - float(sums.means @ weights)
        delta = _threshold(_deviation(after, freedom), metric)
        fit, before = RidgeFit(weights, bias, fit.penalty, delta), after
    return fit


def _least_squares(
    blocks: Blocks, total: np.ndarray, metric: Metric
) -> tuple[RidgeFit, float]:
    """Choose the penalty, and fit the squared error.

    Returns:
        The fit, with the threshold that the reweighting starts at, and the degrees of
        freedom of the fit.
    """
    sums, rows = _Sums.of(total), round(total[-1, -1])
    # In the directions of the eigenvectors the penalties need no further solution.
    values, vectors = np.linalg.eigh(sums.products)
    values = np.maximum(values, 0)
    shrinkage = 1 / (values[:, None] + PENALTIES)  # (directions, penalties)
    directions = (vectors.T @ sums.moments)[:, None] * shrinkage
    power = ABSOLUTE.power if metric.log else metric.loss.power
    step, losses, left_out = -(-rows // _LEFT_OUT), np.zeros(len(PENALTIES)), 0
    before = 0  # rows of earlier blocks
    for block in blocks():
        # The same rows, however long the blocks are.
        numbers = np.arange(before, before + len(block))
        part = block[numbers % _STRETCH % step == 0]
        before += len(block)
        rotated = (part[:, :-2] - sums.means) @ vectors
        leverage = rotated**2 @ shrinkage + 1 / rows
        residuals = (part[:, -2] - sums.level)[:, None] - rotated @ directions
        errors = residuals / np.maximum(1 - leverage, _LEAST)
        losses += (np.abs(errors) ** power).sum(axis=0)
        left_out += len(errors)
    best = int(np.argmin(losses))
    weights = vectors @ directions[:, best]
    bias = sums.level - float(sums.means @ weights)
    delta = _threshold(losses[best] / left_out / _MEAN, metric)
    fit = RidgeFit(weights, bias, float(PENALTIES[best]), delta)
    return fit, 1 + float(values @ shrinkage[:, best])


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
