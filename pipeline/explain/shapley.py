"""What each column of the file adds to a prediction: sampled Shapley values.

The row is compared with typical training rows. Column by column, in a random order, the
value of the typical row is replaced by that of the row, and the change of the
prediction is what the column adds (Štrumbelj and Kononenko, Explaining prediction
models and individual predictions with feature contributions, 2014). Each order is used
forwards and backwards. Built columns are built again, so they count for the columns
that they come from. All changes of an order sum to the whole difference.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

_ROWS = 4000  # that are predicted for one row, at most
_LEAST_PAIRS = 8  # of orders
_ROWS_AT_ONCE = 4096

Predict = Callable[[pd.DataFrame], np.ndarray]


class Effects(NamedTuple):
    """What the columns add to a mean prediction, transformed.

    Attributes:
        base: the mean prediction of the typical rows.
        effects: of each column; with the base they sum to the prediction.
        errors: their standard errors, which come from the sampling.
    """

    base: float
    effects: np.ndarray
    errors: np.ndarray


def shapley(
    predict: Predict,
    row: pd.DataFrame,
    typical: pd.DataFrame,
    predicted: np.ndarray,
    columns: list[str],
) -> Effects:
    """Return the effects of columns.

    Args:
        predict: returns the transformed predictions of cleaned rows.
        row: one cleaned row.
        typical: the cleaned training rows.
        predicted: their predictions: the typical rows are evenly spaced among these.
        columns: the columns of the file.
    """
    generator = np.random.default_rng(0)
    pairs = max(_LEAST_PAIRS, _ROWS // (2 * len(columns)))
    places = (
        (np.arange(pairs) + generator.random(pairs)) / pairs * len(typical)
    ).astype(int)
    chosen = typical.iloc[np.argsort(predicted, kind="stable")[places]]
    both = pd.concat([row[columns], chosen[columns]], ignore_index=True)
    changes = np.empty((pairs, len(columns)))
    bases = np.empty(pairs)
    at_once = max(1, _ROWS_AT_ONCE // (2 * len(columns)))
    for start in range(0, pairs, at_once):
        part = np.arange(start, min(start + at_once, pairs))
        orders = np.stack([generator.permutation(len(columns)) for _ in part])
        paths = np.stack([orders, orders[:, ::-1]], axis=1).reshape(-1, len(columns))
        steps = _changes(predict, both, paths, np.repeat(part + 1, 2))
        bases[part] = steps[1][::2]
        changes[part] = steps[0].reshape(len(part), 2, -1).mean(axis=1)
    errors = changes.std(axis=0, ddof=1) / np.sqrt(pairs)
    return Effects(float(bases.mean()), changes.mean(axis=0), errors)


def _changes(
    predict: Predict, both: pd.DataFrame, paths: np.ndarray, first: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each column changes on each path, and where the paths begin.

    Args:
        predict: as of `shapley`.
        both: the row, and below it the typical rows.
        paths: shape (paths, columns), the order in which columns are replaced.
        first: the number of the row in which a path begins, shape (paths,).
    """
    number, columns = paths.shape
    step = np.argsort(paths, axis=1)  # at which a column is replaced
    replaced = (
        np.arange(columns + 1)[:, None] > step[:, None]
    )  # [paths, steps, columns]
    # A column that both rows have the same value of changes nothing: most steps of many
    # tables need no prediction.
    codes = np.stack([pd.factorize(both[name])[0] for name in both], axis=1)
    differs = (codes != codes[0])[first[:, None], paths]
    needed = np.concatenate([np.ones((number, 1), bool), differs], axis=1)
    source = np.where(replaced, 0, first[:, None, None])[needed]
    rows = pd.DataFrame(
        {
            name: both[name].array.take(source[:, column])
            for column, name in enumerate(both)
        }
    )
    latest = needed.cumsum().reshape(needed.shape) - 1
    predicted = predict(rows)[latest]
    changes = np.take_along_axis(np.diff(predicted, axis=1), step, axis=1)
    return changes, predicted[:, 0]
