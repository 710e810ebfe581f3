"""K-fold splits: each row is validated once, by networks not trained on it.

A fold scheme is a function that returns a list of `Fold`. `make_folds` is the scheme of
`pipeline train`.
"""

from typing import NamedTuple

import numpy as np

from pipeline.core.errors import UserError


class Fold(NamedTuple):
    """Sorted row numbers. Train and valid are disjoint and together are all rows."""

    train: np.ndarray
    valid: np.ndarray


def make_folds(rows: int, folds: int, seed: int) -> list[Fold]:
    """Split the row numbers into shuffled folds whose sizes differ by at most one.

    Raises:
        UserError: there are fewer rows than folds.
    """
    if folds > rows:
        raise UserError(f"--folds {folds}: more folds than the {rows} training rows")
    from sklearn.model_selection import KFold  # a second, only to split

    splitter = KFold(folds, shuffle=True, random_state=seed)
    return [Fold(*parts) for parts in splitter.split(np.empty(rows))]


def contiguous_folds(rows: int, folds: int) -> list[Fold]:
    """Split the row numbers into contiguous folds, as in the book.

    The book drops a remainder; here the first folds have one row more. (The
    competition's 1,460 rows leave no remainder.)
    """
    parts = np.array_split(np.arange(rows), folds)
    return [Fold(np.setdiff1d(np.arange(rows), part), part) for part in parts]


def fold_numbers(folds: list[Fold]) -> np.ndarray:
    """Return the number of the fold that validates each row, shape (rows,)."""
    numbers = np.empty(sum(len(fold.valid) for fold in folds), dtype=int)
    for number, fold in enumerate(folds):
        numbers[fold.valid] = number
    return numbers


def out_of_fold(values: np.ndarray, fold_of: np.ndarray) -> np.ndarray:
    """Return each row's value from the fold that validates it, shape (..., rows).

    Args:
        values: shape (..., folds, n), with n at least the number of rows.
        fold_of: shape (rows,), as returned by `fold_numbers`.
    """
    return np.asarray(values[..., fold_of, np.arange(len(fold_of))])
