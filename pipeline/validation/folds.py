"""K-fold indices: every row is validated once, by networks that never saw it."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import KFold

from pipeline.core.errors import UserError


class Fold(NamedTuple):
    """Row positions, sorted: train and valid share none and together are all rows."""

    train: np.ndarray
    valid: np.ndarray


def make_folds(rows: int, folds: int, seed: int) -> list[Fold]:
    """Cut `rows` rows into shuffled folds whose sizes differ by one row at most.

    Raises:
        UserError: fewer rows than folds.
    """
    if folds > rows:
        raise UserError(f"--folds {folds}: more folds than the {rows} training rows")
    splitter = KFold(folds, shuffle=True, random_state=seed)
    return [Fold(*parts) for parts in splitter.split(np.empty(rows))]


def fold_numbers(folds: list[Fold]) -> np.ndarray:
    """The number of the fold that validates each row, [rows]."""
    numbers = np.empty(sum(len(fold.valid) for fold in folds), dtype=int)
    for number, fold in enumerate(folds):
        numbers[fold.valid] = number
    return numbers


def contiguous_folds(rows: int, folds: int) -> list[Fold]:
    """Folds of neighbouring rows; the book drops a remainder (1,460 has none)."""
    parts = np.array_split(np.arange(rows), folds)
    return [Fold(np.setdiff1d(np.arange(rows), part), part) for part in parts]
