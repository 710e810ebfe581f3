"""Oblivious trees as plain arrays: checked, and predicting.

In an oblivious tree all nodes of a level compare the same column with the same border,
so a leaf is a binary number with a digit per level. A column of words is compared by
statistics of the words, a number for each; they are further columns.

The arrays are: `column` and `border`, shape (trees, levels); `leaf`, shape (trees,
2^levels); `bias`, shape (1,); `codes`, the number of codes of each column, 0 for a
column of numbers; and `statistics`, shape (KINDS, codes of all columns), one column of
words after the other. After the columns of the rows come the first statistics of all
columns of words, then the second, and so on.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from pipeline.core.errors import UserError

KINDS = 4  # of statistics of a column of words, at most
_TYPES = {
    "column": np.int32,
    "border": np.float32,
    "leaf": np.float64,
    "bias": np.float64,
    "codes": np.int32,
    "statistics": np.float32,
}
_MOST_LEVELS = 16
_LARGEST = 100.0  # a leaf beyond this, in deviations of the target, is damaged
_TREES_AT_ONCE, _ROWS_AT_ONCE = 64, 4096  # that are in the cache together

Trees = Mapping[str, np.ndarray]


def check(trees: Trees, columns: int) -> None:
    """Check that the arrays are trees over this number of columns.

    Raises:
        ValueError, KeyError: They are not.
    """
    if [trees[name].dtype for name in _TYPES] != list(_TYPES.values()):
        raise ValueError("the trees have other types than they were saved with")
    column, border, leaf = trees["column"], trees["border"], trees["leaf"]
    if column.ndim != 2 or not 1 <= column.shape[1] <= _MOST_LEVELS:
        raise ValueError("the trees have no levels, or too many")
    number, levels = column.shape
    if border.shape != column.shape or leaf.shape != (number, 2**levels):
        raise ValueError("the levels and leaves of the trees do not fit together")
    if trees["bias"].shape != (1,):
        raise ValueError("there is not one bias")
    if not all((np.abs(trees[name]) < _LARGEST).all() for name in ("leaf", "bias")):
        raise ValueError("a leaf is no difference of targets")
    _check_statistics(trees["codes"], trees["statistics"], columns)
    readable = columns + KINDS * np.count_nonzero(trees["codes"])
    if not ((column >= 0) & (column < readable)).all():
        raise ValueError("the trees read columns that there are not")


def _check_statistics(codes: np.ndarray, statistics: np.ndarray, columns: int) -> None:
    if codes.shape != (columns,) or (codes < 0).any():
        raise ValueError("there is not one number of words for each column")
    if statistics.shape != (KINDS, codes.sum(dtype=np.int64)):
        raise ValueError("there are not as many statistics as words")
    if not np.isfinite(statistics).all():
        raise ValueError("a statistic of a word is not finite")


def predict(trees: Trees, rows: np.ndarray) -> np.ndarray:
    """Return the sum of all trees for rows (n, columns), shape (n,).

    A missing number is not greater than any border.

    Raises:
        UserError: A word is none of those that the trees were trained on.
    """
    words = np.flatnonzero(trees["codes"])
    found = rows[:, words]
    if not ((found >= 0) & (found < trees["codes"][words])).all():
        raise UserError("the run was trained on other words than these; train again")
    total = np.full(len(rows), trees["bias"][0])
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        _add_trees(trees, rows[part], total[part])
    return total


def _add_trees(trees: Trees, entries: np.ndarray, total: np.ndarray) -> None:
    """Add the leaves of all trees to the predictions of rows, in place.

    Tree by tree, so that the rounding of a row does not depend on the other rows.
    """
    for leaf, values in _leaves(trees, entries):
        for of_tree in np.take_along_axis(values, leaf, 1):
            total += of_tree


def _leaves(
    trees: Trees, entries: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the leaf of each row [t, n], and the values of the leaves, t at a time."""
    by_column = _by_column(trees, entries)
    for start in range(0, len(trees["leaf"]), _TREES_AT_ONCE):
        part = slice(start, start + _TREES_AT_ONCE)
        columns, borders = trees["column"][part], trees["border"][part]
        leaf = np.zeros((len(columns), len(entries)), np.int32)
        for level in range(columns.shape[1]):
            above = by_column[columns[:, level]] > borders[:, level, None]
            leaf += above.astype(np.int32) << level
        yield leaf, trees["leaf"][part]


def shared_leaves(
    trees: Trees, row: np.ndarray, entries: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """Return the weight of the trees in which rows share the leaf of one row: (n,).

    The weight of a tree is its share of all reductions of the squared error of the
    rows, so 1 is in the same leaf of every tree that reduces it.

    Args:
        trees: of one model.
        row: shape (1, columns).
        entries: the other rows, shape (n, columns).
        target: theirs, shape (n,).
    """
    error, shared = trees["bias"][0] - target, np.zeros(len(target))
    loss, weights = float(error @ error), 0.0
    for leaf, values in _leaves(trees, np.concatenate([row, entries])):
        for of_row, of_tree in zip(leaf, values, strict=True):
            error += of_tree[of_row[1:]]
            before, loss = loss, float(error @ error)
            weight = max(before - loss, 0.0)
            shared += weight * (of_row[1:] == of_row[0])
            weights += weight
    return shared / (weights or 1.0)


def _by_column(trees: Trees, entries: np.ndarray) -> np.ndarray:
    """Return the columns of rows, and below them the statistics of their words."""
    codes, statistics = trees["codes"], trees["statistics"]
    words = np.flatnonzero(codes)
    place = entries[:, words].astype(np.int64) + word_starts(codes)[words]
    of_words = statistics[:, place.T].reshape(-1, len(entries))
    return np.concatenate([entries[:, : len(codes)].T, of_words])


def word_starts(codes: np.ndarray) -> np.ndarray:
    """Return where the statistics of each column begin."""
    return np.asarray(codes.cumsum() - codes)
