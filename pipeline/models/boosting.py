"""Gradient boosting by CatBoost (Prokhorenkova et al., NeurIPS 2018).

Its settings are CatBoost's defaults but for three: a third of the columns per split, as
in random forests for regression (Breiman 2001), since one-hot columns are many; the
documented learning rate .03; and 64 borders per column, which is many for 1,168 rows
and half the time. Depths 4, 5 and 6 and 32, 64 and 254 borders were compared on these
rows before, so its score is a little optimistic too.

In an oblivious tree all nodes of a level compare the same column with the same border,
so a leaf is a binary number with a digit per level. The trees are kept as arrays, and
predicting needs no CatBoost.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.settings import CHOSEN_ON, TREES_PER_STEP, Settings
from pipeline.data.dataset import Layout
from pipeline.data.encoder import Matrix, column_blocks
from pipeline.models.model import Arrays, Model, Step

_GROWTH = 0.158  # of CatBoost's default learning rate: rows to this power
_LARGEST = 100.0  # a leaf beyond this, in logs or in deviations, is damaged


def read(features: pd.DataFrame, layout: Layout) -> Matrix:
    """Return the features that are not for networks only, categories one-hot encoded.

    Ordered categories are their rank.
    """
    plain = features.drop(columns=list(layout.networks_only), errors="ignore")
    blocks = list(column_blocks(plain, layout, for_trees=True))
    return Matrix(
        np.hstack([block.entries.astype(np.float32) for block in blocks]),
        [name for block in blocks for name in block.names],
    )


class _Progress:
    """Reports every few trees, as CatBoost calls it after each."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def after_iteration(self, info: Any) -> bool:  # noqa: ANN401
        """Report a step, and let training go on."""
        if (info.iteration - 1) % TREES_PER_STEP == 0:
            self._step()
        return True


def fit(
    columns: np.ndarray,
    target: np.ndarray,
    seed: int,
    settings: Settings,
    step: Step,
    loss: str = "RMSE",
) -> Arrays:
    """Train on one thread, so that the same seed gives the same trees.

    Where no column or no target differs, which CatBoost refuses, the mean is predicted.
    """
    if not np.ptp(target) or not any(map(_differs, columns.T)):
        return _constant(target, settings)
    from catboost import CatBoostRegressor  # 0.8 s, and not needed to predict

    model = CatBoostRegressor(
        loss_function=loss,
        iterations=settings.trees,
        learning_rate=learning_rate(settings, len(columns)),
        depth=settings.tree_depth,
        rsm=settings.tree_columns,
        bootstrap_type="Bernoulli",  # with its default, 80 % of the rows per tree
        border_count=settings.tree_borders,
        random_seed=seed,
        thread_count=1,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(columns, target, callbacks=[_Progress(step)])
    with TemporaryDirectory(prefix="boosting-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        document = json.loads(path.read_text(encoding="utf-8"))
    return _arrays(document, settings.tree_depth)


def _differs(column: np.ndarray) -> bool:
    """Return whether a column has two values, one of which may be missing."""
    known = column[~np.isnan(column)]
    if not len(known):
        return False
    return len(known) < len(column) or bool(np.ptp(known))


def _constant(target: np.ndarray, settings: Settings) -> Arrays:
    """Return trees that predict the mean target for every row."""
    trees, levels = settings.trees, settings.tree_depth
    return {
        "column": np.zeros((trees, levels), np.int32),
        "border": np.full((trees, levels), np.inf, np.float32),
        "leaf": np.zeros((trees, 2**levels)),
        "bias": np.array([float(target.mean())]),
    }


def learning_rate(settings: Settings, rows: int) -> float:
    """Return the learning rate for a number of training rows.

    With as many trees, more rows allow larger steps. On a table longer than House
    Prices it grows as CatBoost's own default does.
    """
    return float(settings.tree_lr * max(1.0, rows / CHOSEN_ON) ** _GROWTH)


def predict(arrays: Arrays, columns: np.ndarray) -> np.ndarray:
    """Return the sum of all trees for rows (n_rows, n_columns), shape (n_rows,).

    A missing value is not greater than any border.
    """
    by_column = np.ascontiguousarray(columns.T)
    total = np.full(len(columns), arrays["bias"][0])
    for tree_columns, borders, values in zip(
        arrays["column"], arrays["border"], arrays["leaf"], strict=True
    ):
        leaf = np.zeros(len(columns), np.int64)
        for level, (column, border) in enumerate(
            zip(tree_columns, borders, strict=True)
        ):
            leaf += (by_column[column] > border).astype(np.int64) << level
        total += values[leaf]
    return total


def check(arrays: Arrays, n_columns: int) -> None:
    """Check that the arrays are trees over this number of columns.

    Raises:
        ValueError, KeyError: they are not.
    """
    column, border = arrays["column"], arrays["border"]
    leaf, bias = arrays["leaf"], arrays["bias"]
    kinds = [array.dtype for array in (column, border, leaf, bias)]
    if kinds != [np.int32, np.float32, np.float64, np.float64]:
        raise ValueError("the trees have other types than they were saved with")
    if column.ndim != 2 or not 1 <= column.shape[1] <= 16:
        raise ValueError("the trees have no levels, or too many")
    trees, levels = column.shape
    if border.shape != column.shape or leaf.shape != (trees, 2**levels):
        raise ValueError("the levels and leaves of the trees do not fit together")
    if bias.shape != (1,):
        raise ValueError("there is not one bias")
    if not (np.abs(leaf) < _LARGEST).all() or not np.abs(bias) < _LARGEST:
        raise ValueError("a leaf is no difference of targets")
    if trees and not (column.min() >= 0 and column.max() < n_columns):
        raise ValueError("the trees read columns that there are not")


def _arrays(document: dict[str, Any], levels: int) -> Arrays:
    """Return the trees of a model that CatBoost saved as JSON.

    A tree with fewer levels is padded with comparisons that are never true.
    """
    trees = document["oblivious_trees"]
    scale, (bias,) = document["scale_and_bias"]
    column = np.zeros((len(trees), levels), np.int32)
    border = np.full((len(trees), levels), np.inf, np.float32)
    leaf = np.zeros((len(trees), 2**levels))
    for number, tree in enumerate(trees):
        for level, split in enumerate(tree["splits"] or []):
            column[number, level] = split["float_feature_index"]
            border[number, level] = split["border"]
        values = tree["leaf_values"]
        leaf[number, : len(values)] = values
    return {
        "column": column,
        "border": border,
        "leaf": scale * leaf,
        "bias": np.array([float(bias)]),
    }


BOOSTING = Model(read, fit, predict, check)
