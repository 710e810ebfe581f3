"""Rows that weigh: a row of weight 2 is that row twice, and one of weight 0 is none."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_non_negative

_LEAST = 1e-30  # of the heaviest; less is 0 in single precision


def distinct_rows(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows that weigh anything, each once, in an order of their own.

    Shapes: X [rows, columns], y and weights [rows]; the same of fewer rows.
    """
    kept = weights > _LEAST * weights.max()
    table = np.column_stack([X, y])[kept]
    distinct, place = np.unique(table, axis=0, return_inverse=True)
    return distinct[:, :-1], distinct[:, -1], np.bincount(place, weights[kept])


def checked_weights(sample_weight: ArrayLike | None, X: np.ndarray) -> np.ndarray:
    """Weights [rows], all 1 where none are given.

    Raises:
        ValueError: they are not one number a row, one is below 0, or all are 0.
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
