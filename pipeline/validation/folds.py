"""K-fold splits: each row is validated once, by networks not trained on it.

A fold scheme is a function that returns a list of `Fold`. `make_folds` is the scheme of
`pipeline train`.
"""

from typing import NamedTuple

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.validation.uncertainty import Units


class Fold(NamedTuple):
    """Sorted row numbers. Train and valid are disjoint and together are all rows."""

    train: np.ndarray
    valid: np.ndarray


def make_folds(
    rows: int, folds: int, seed: int, groups: np.ndarray | None = None
) -> list[Fold]:
    """Split the row numbers into shuffled folds whose sizes differ by at most one.

    Rows of the same group stay in one fold. The sizes then differ as the groups do.
    The folds are those of scikit-learn's KFold and GroupKFold, which take a second to
    import.

    Args:
        rows: the number of rows.
        folds: the number of folds.
        seed: of the shuffling.
        groups: the group of each row, if they have any.

    Raises:
        UserError: There are fewer rows, or groups, than folds.
    """
    if folds > rows:
        raise UserError(f"--folds {folds}: more folds than the {rows} training rows")
    if groups is not None and (found := len(np.unique(groups))) < folds:
        raise UserError(f"--folds {folds}: more folds than the {found} groups")
    units = Units.of(rows, groups)
    shuffled = np.random.RandomState(seed).permutation(len(units.sizes))
    valid = [np.isin(units.of_row, part) for part in np.array_split(shuffled, folds)]
    return [Fold(np.flatnonzero(~each), np.flatnonzero(each)) for each in valid]


def dataset_folds(dataset: Dataset, settings: Settings) -> list[Fold]:
    """Return the folds of a dataset, whose groups stay together.

    Raises:
        UserError: As `make_folds`.
    """
    rows, groups = len(dataset.train), dataset.groups
    return make_folds(rows, settings.folds, settings.seed, groups)


def smallest(folds: list[Fold]) -> int:
    """Return the number of training rows of the fold that has the fewest."""
    return min(len(fold.train) for fold in folds)


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
