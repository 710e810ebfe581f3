"""Sample weights: a weight of 2 equals a repeated row, and 0 drops the row."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_non_negative

_LEAST = 1e-30  # relative to the largest; smaller ones are 0 in single precision


def distinct_rows(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge equal rows, adding their weights, and drop rows of weight 0.

    Args:
        X: shape (rows, columns).
        y: shape (rows,).
        weights: shape (rows,).

    Returns:
        The three arrays with fewer rows, sorted, so that the order of the given rows
        does not matter.
    """
    kept = weights > _LEAST * weights.max()
    table = np.column_stack([X, y])[kept]
    distinct, index = np.unique(table, axis=0, return_inverse=True)
    return distinct[:, :-1], distinct[:, -1], np.bincount(index, weights[kept])


def checked_weights(sample_weight: ArrayLike | None, X: np.ndarray) -> np.ndarray:
    """Return the weights as an array of shape (rows,), all 1 if None is given.

    Raises:
        ValueError: There is not one number per row, one is negative, or all are 0.
    """
    if sample_weight is None:
        return np.ones(len(X))
    name = "sample_weight"
    weights = column_or_1d(
        check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name=name)
    )
    check_consistent_length(X, weights)
    check_non_negative(weights, name)
    if not weights.any():
        raise ValueError(f"{name}: all are zero, so there is no row to learn from")
    return np.asarray(weights)
