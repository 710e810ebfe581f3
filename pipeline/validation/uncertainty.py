"""What chance does to scores: differences, the best of several, new rows.

Rows of a group, such as the visits of a patient, err alike. A bootstrap that draws rows
takes each of them for a new observation, and finds too little chance. So whole groups
are drawn (Cameron, Gelbach and Miller, Bootstrap-based improvements for inference with
clustered errors, Review of Economics and Statistics, 2008).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np

from pipeline.core.metrics import LOG_RMSE, SQUARED, Forecast, Metric
from pipeline.core.numbers import is_told_apart


class Units(NamedTuple):
    """The units that are drawn: rows, or groups.

    Attributes:
        of_row: the number of the unit of each row, shape (rows,).
        sizes: the number of rows of each unit, shape (units,).
    """

    of_row: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, rows: int, groups: np.ndarray | None = None) -> Self:
        """Return the groups as units; without groups each row is one."""
        if groups is None:
            return cls(np.arange(rows), np.ones(rows, dtype=int))
        _, of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        return cls(of_row, sizes)

    def merged(self, most: int) -> "Units":
        """Return at most so many units: random blocks of these, of nearly equal size.

        The variance of a mean over rows is the same, and a long table costs less.
        """
        if len(self.sizes) <= most:
            return self
        order = np.random.default_rng(0).permutation(len(self.sizes))
        of_row = (order % most)[self.of_row]
        return Units(of_row, np.bincount(of_row, minlength=most))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over the rows of each unit: [..., rows] -> [..., units]."""
        flat = values.reshape(-1, len(self.of_row))
        sums = [np.bincount(self.of_row, row, len(self.sizes)) for row in flat]
        return np.stack(sums).reshape(*values.shape[:-1], len(self.sizes))

    def draws(self, number: int) -> Iterator[np.ndarray]:
        """Yield how often each unit is in each bootstrap sample, shape (units,)."""
        generator, units = np.random.default_rng(0), len(self.sizes)
        for _ in range(number):
            drawn = generator.integers(units, size=units)
            yield np.bincount(drawn, minlength=units)


class Difference(NamedTuple):
    """A difference of two scores and its standard error."""

    value: float
    standard_error: float

    @property
    def is_told_apart(self) -> bool:
        """Whether it is more than two standard errors, and so hardly chance."""
        return is_told_apart(*self)


def paired_difference(
    first: np.ndarray,
    second: np.ndarray,
    metric: Metric = LOG_RMSE,
    groups: np.ndarray | None = None,
) -> Difference:
    """Return how much higher the second score is, with its standard error.

    The uncertainty is over rows, which are paired: what makes a row hard to predict
    does so for both models. (A deviation over folds or fold seeds, which share most of
    their training rows, is too small: Nadeau and Bengio, Inference for the
    Generalization Error, Machine Learning, 2003.) The difference of the mean squared
    errors is divided by the sum of their roots, which gives that of the roots. With
    groups the standard error is the clustered one: the gaps are summed within each
    group before they are squared (Liang and Zeger, Biometrika, 1986).

    Args:
        first: the losses of a model, shape (rows,). For several fold seeds, take the
            mean over the seeds of each row first.
        second: the same of the other model.
        metric: the metric; of the mean absolute error, no root is taken.
        groups: the group of each row, if they have any.
    """
    roots = 1.0
    if metric.loss == SQUARED:
        roots = float(np.sqrt(first.mean()) + np.sqrt(second.mean()))
    if not roots:
        return Difference(0.0, 0.0)
    gaps = second - first
    sums = Units.of(len(gaps), groups).sums(gaps - gaps.mean())
    error = float(np.std(sums, ddof=1)) * math.sqrt(len(sums)) / len(gaps)
    return Difference(float(gaps.mean()) / roots, error / roots)


def bias_corrected(
    compared: np.ndarray,
    scored: np.ndarray,
    *,
    draws: int = 500,
    metric: Metric = LOG_RMSE,
    groups: np.ndarray | None = None,
) -> float:
    """Return the score of the best of several candidates, without selection bias.

    The lowest of several scores is optimistic: it is partly luck. Each draw takes
    rows or groups with replacement, picks the candidate that is best on them, and
    scores it on those that were not drawn (Tsamardinos, Greasidou and Borboudakis,
    Bootstrapping the out-of-sample predictions for efficient and accurate
    cross-validation, Machine Learning, 2018). The rows that were not drawn differ
    from draw to draw. So the overall best is scored on the same ones, and only the mean
    difference is added to its own score.

    Args:
        compared: losses that the choice is made by, shape (candidates, rows).
        scored: losses that the score is made of, of the same shape.
        draws: number of bootstrap draws.
        metric: the metric.
        groups: the group of each row, if they have any.
    """
    rows = compared.shape[1]
    units = Units.of(rows, groups)
    overall = int(np.argmin(compared @ np.ones(rows)))
    gaps = []
    for drawn in units.draws(draws):
        counts = drawn[units.of_row]
        best = int(np.argmin(compared @ counts))
        out = counts == 0
        if out.any():
            gaps.append((scored[best, out] - scored[overall, out]).mean())
    return metric.of_mean(scored[overall].mean() + np.mean(gaps))


def averaging_gain(predictions: np.ndarray, metric: Metric) -> float:
    """Return how much lower the mean loss of the mean of several models is.

    New rows are predicted by the mean of the models of all folds, but the losses out of
    fold are those of single models. For squared errors the loss of a mean is exactly
    the mean loss minus the variance among the models (Krogh and Vedelsby, Neural
    Network Ensembles, Cross Validation, and Active Learning, NIPS 1995), and no target
    is needed to know the variance. Nothing like it holds for absolute errors: 0.

    Args:
        predictions: transformed predictions of new rows, shape (models, rows).
        metric: the metric.
    """
    if metric.loss != SQUARED:
        return 0.0
    return float(predictions.var(axis=0).mean())


def forecast(
    losses: np.ndarray,
    new_rows: int,
    *,
    gain: float = 0.0,
    draws: int = 4000,
    metric: Metric = LOG_RMSE,
    groups: np.ndarray | None = None,
) -> Forecast:
    """Forecast the score on new rows from out-of-fold losses.

    Formulas for the normal distribution are not accurate if the errors have heavy
    tails, so that a few rows dominate the score. Each draw takes a bootstrap sample,
    for the uncertainty of the errors' distribution, and samples the new rows from it,
    for the randomness of the rows themselves (Efron and Tibshirani, An Introduction to
    the Bootstrap, chapters 13 and 25). With groups the same is done with groups: the
    new rows are taken as new groups of the mean size.

    Args:
        losses: shape (rows,), of out-of-fold predictions.
        new_rows: number of new rows.
        gain: see `averaging_gain`. All losses are lowered by the same share. A gain of
            the whole loss or more says that the new rows are of another kind, and is
            not believed.
        draws: number of bootstrap draws.
        metric: the metric.
        groups: the group of each row, if they have any.
    """
    if gain < losses.mean():
        losses = losses * (1 - gain / losses.mean())
    generator = np.random.default_rng(0)
    units = Units.of(len(losses), groups)
    sums, sizes = units.sums(losses), units.sizes
    number, new_units = len(sizes), max(1, round(new_rows / sizes.mean()))
    scores = []
    for _ in range(draws):
        # Of the bootstrap sample, only the places that new units take are drawn: it may
        # have many more. New units that take the same place are the same unit.
        places = np.sort(generator.integers(number, size=new_units))
        is_first = np.diff(places, prepend=-1) > 0
        sample = generator.integers(number, size=is_first.sum())
        new = sample[np.cumsum(is_first) - 1]
        scores.append(metric.of_mean(sums[new].sum() / sizes[new].sum()))
    low, high = np.quantile(scores, [0.05, 0.95])
    return Forecast(metric.of_mean(losses.mean()), float(low), float(high))
