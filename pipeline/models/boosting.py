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
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pipeline.core.settings import CHOSEN_ON, Settings
from pipeline.data.encoder import ONE_HOT
from pipeline.models.model import Arrays, FoldModel, Step
from pipeline.validation.fold_data import TrainingFold

_GROWTH = 0.158  # of CatBoost's default learning rate: rows to this power
_LARGEST = 100.0  # a leaf beyond this, in deviations of the target, is damaged
_TREES_PER_STEP = 10  # of the progress
_TREES_AT_ONCE, _ROWS_AT_ONCE = 64, 4096  # that are in the cache together
# Measured with the default settings on two cores, on tables of half a million to 300
# million cells (rows × encoded columns): seconds of a tree, and of its cells.
_TREE, _TREE_PER_CELL = 1e-3, 0.085e-9


class Boosting(FoldModel):
    """Boosted trees that read one-hot columns, on one thread per fold and seed."""

    name = "boosting"
    view = ONE_HOT
    packages = ("catboost",)

    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return the time of all trees of all folds and seeds."""
        trees = settings.folds * settings.seeds * settings.trees
        return trees * (_TREE + _TREE_PER_CELL * rows * columns)

    def fit_fold(
        self, fold: TrainingFold, seed: int, settings: Settings, step: Step
    ) -> Arrays:
        """Train on one thread, so that the same seed gives the same trees."""
        columns = fold.read(self.view)
        seconds = self.seconds(settings, fold.data.rows, columns.shape[1])
        per_tree = seconds / (settings.folds * settings.seeds * settings.trees)

        def after_trees(number: int) -> None:
            step(number * per_tree, "")

        loss = fold.metric.loss.trees
        return fit(columns, fold.target, seed, settings, after_trees, loss)

    def predict_fold(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return the sum of all trees, shape (n,)."""
        return predict(arrays, entries)

    def check_fold(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check that the arrays are trees over this number of columns."""
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
        if trees and not (column.min() >= 0 and column.max() < columns):
            raise ValueError("the trees read columns that there are not")


def fit(
    columns: np.ndarray,
    target: np.ndarray,
    seed: int,
    settings: Settings,
    after_trees: Callable[[int], None],
    loss: str = "RMSE",
) -> Arrays:
    """Train boosted trees, and return them as arrays.

    Where no column or no target differs, which CatBoost refuses, the mean is predicted.

    Args:
        columns: shape (n, columns), NaN where missing.
        target: shape (n,).
        seed: of the trees.
        settings: the settings whose names begin with tree.
        after_trees: called with the number of trees since the last call.
        loss: CatBoost's name of it.
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
        random_seed=seed % 2**31,  # CatBoost takes 31 bits
        thread_count=1,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(columns, target, callbacks=[_Progress(after_trees)])
    with TemporaryDirectory(prefix="boosting-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        document = json.loads(path.read_text(encoding="utf-8"))
    return _arrays(document, settings.tree_depth)


def predict(arrays: Arrays, rows: np.ndarray) -> np.ndarray:
    """Return the sum of all trees for rows (n, columns), shape (n,).

    A missing value is not greater than any border.
    """
    total = np.full(len(rows), arrays["bias"][0])
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        _add_trees(arrays, rows[part], total[part])
    return total


def _add_trees(arrays: Arrays, entries: np.ndarray, total: np.ndarray) -> None:
    """Add the leaves of all trees to the predictions of rows, in place.

    Tree by tree, so that the rounding of a row does not depend on the other rows.
    """
    by_column = np.ascontiguousarray(entries.T)
    for start in range(0, len(arrays["leaf"]), _TREES_AT_ONCE):
        trees = slice(start, start + _TREES_AT_ONCE)
        columns, borders = arrays["column"][trees], arrays["border"][trees]
        leaf = np.zeros((len(columns), len(entries)), np.int32)
        for level in range(columns.shape[1]):
            above = by_column[columns[:, level]] > borders[:, level, None]
            leaf += above.astype(np.int32) << level
        for values in np.take_along_axis(arrays["leaf"][trees], leaf, 1):
            total += values


class _Progress:
    """Reports every few trees; CatBoost calls it after each."""

    def __init__(self, after_trees: Callable[[int], None]) -> None:
        self._after_trees, self._reported = after_trees, 0

    def after_iteration(self, info: Any) -> bool:  # noqa: ANN401
        """Report a step, and let training go on."""
        trees = info.iteration - self._reported
        if trees >= _TREES_PER_STEP:
            self._after_trees(trees)
            self._reported = info.iteration
        return True


def _differs(column: np.ndarray) -> bool:
    """Return whether a column has two values, one of which may be missing."""
    present = column[~np.isnan(column)]
    if not len(present):
        return False
    return len(present) < len(column) or bool(np.ptp(present))


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


MODEL = Boosting()
