"""Target means: a word as the mean of the target over the rows with it, smoothed.

Models that are linear in the columns read a column of many words so (Micci-Barreca,
2001). A row's own target must not be in the mean that it is trained on: the training
rows of a fold are split into inner folds, and each has the means of the others, as in
scikit-learn's TargetEncoder. Other rows have the means of all training rows of the
fold. Nothing is learned outside the fold.
"""

from typing import NamedTuple, Self

import numpy as np

from pipeline.validation.folds import make_folds

_INNER_FOLDS = 5  # as in TargetEncoder; with more, a mean has hardly more rows


class TargetMeans(NamedTuple):
    """The target means of one fold, in the unit of its standardised target.

    Attributes:
        table: shape (t, codes), of each code of t columns; 0, the mean of all rows,
            where no training row has the code.
        training: shape (n, t), float32, those that each training row is trained on.
    """

    table: np.ndarray
    training: np.ndarray

    @classmethod
    def fit(
        cls,
        codes: np.ndarray,
        number: int,
        target: np.ndarray,
        seed: int,
        groups: np.ndarray | None = None,
    ) -> Self:
        """Return the means of codes of training rows.

        Args:
            codes: shape (n, t).
            number: of codes, in the column that has most.
            target: shape (n,), standardised.
            seed: of the inner folds.
            groups: the group of each row; the rows of a group share an inner fold.
        """
        if groups is not None and len(np.unique(groups)) < 2:
            groups = None  # a single group has no other to learn from
        most = len(target) if groups is None else len(np.unique(groups))
        inner = []
        if codes.size and most > 1:  # a single row has no other to learn from
            inner = make_folds(len(target), min(_INNER_FOLDS, most), seed, groups)
        training = np.zeros(codes.shape, np.float32)
        for train, valid in inner:
            table = _table(codes[train], number, target[train])
            training[valid] = table[np.arange(codes.shape[1]), codes[valid]]
        return cls(_table(codes, number, target), training)


def _table(codes: np.ndarray, number: int, target: np.ndarray) -> np.ndarray:
    table = np.zeros((codes.shape[1], number))
    for means, column in zip(table, codes.T, strict=True):
        sums = np.bincount(column, target, number)
        rows = np.bincount(column, minlength=number)
        # A code without rows is at the mean of all, also where nothing is added.
        means[:] = sums / np.maximum(rows + smoothing(sums, rows, target), 1)
    return table


def smoothing(sums: np.ndarray, rows: np.ndarray, target: np.ndarray) -> float:
    """Return how many rows at the mean of all rows are added to those of each word.

    It is the variance within words divided by that between words, which gives the least
    expected squared error. Both are estimated by analysis of variance (Searle, Casella
    and McCulloch, Variance components, 1992, section 3.6). Where words do not differ by
    more than chance, it is infinite.

    Args:
        sums: shape (codes,), of the targets of each code.
        rows: shape (codes,), their number.
        target: shape (n,), of all rows.
    """
    number, words = len(target), np.count_nonzero(rows)
    if not 1 < words < number:
        return float("inf")
    between = float((sums**2 / np.maximum(rows, 1)).sum() - number * target.mean() ** 2)
    within = max(0.0, number * float(target.var()) - between) / (number - words)
    typical = (number - float((rows**2).sum()) / number) / (words - 1)
    variance = (between / (words - 1) - within) / typical
    return within / variance if variance > 0 else float("inf")
