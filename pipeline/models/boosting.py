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
import pandas as pd

from pipeline.core.settings import CHOSEN_ON, Settings
from pipeline.data.encoder import WORDS, code_counts
from pipeline.models.catboost_json import trees_of
from pipeline.models.model import Arrays, FoldModel, Step
from pipeline.models.oblivious_trees import KINDS, check, predict
from pipeline.validation.fold_data import TrainingFold

_GROWTH = 0.158  # of CatBoost's default learning rate: rows to this power
_TREES_PER_STEP = 10  # of the progress
# Measured with the default settings on two cores, on tables of half a million to 300
# million cells (rows × encoded columns): seconds of a tree, and of its cells.
_TREE, _TREE_PER_CELL = 1e-3, 0.085e-9


class Boosting(FoldModel):
    """Boosted trees that read words as words, on one thread per fold and seed."""

    name = "boosting"
    view = WORDS
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
        codes = code_counts(fold.data.read(self.view).names, fold.layout)
        seconds = self.seconds(settings, fold.data.rows, columns.shape[1])
        per_tree = seconds / (settings.folds * settings.seeds * settings.trees)

        def after_trees(number: int) -> None:
            step(number * per_tree, "")

        loss = fold.metric.loss.trees
        return fit(columns, codes, fold.target, seed, settings, after_trees, loss)

    def predict_fold(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return the sum of all trees, shape (n,)."""
        return predict(arrays, entries)

    def check_fold(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check that the arrays are trees over this number of columns."""
        check(arrays, columns)


def fit(
    columns: np.ndarray,
    codes: np.ndarray,
    target: np.ndarray,
    seed: int,
    settings: Settings,
    after_trees: Callable[[int], None],
    loss: str = "RMSE",
) -> Arrays:
    """Train boosted trees, and return them as arrays.

    Where no column or no target differs, which CatBoost refuses, the mean is predicted.

    Args:
        columns: shape (n, columns). A missing number is NaN, a word is its code.
        codes: the number of codes of each column, 0 for a column of numbers.
        target: shape (n,).
        seed: of the trees.
        settings: the settings whose names begin with tree.
        after_trees: called with the number of trees since the last call.
        loss: CatBoost's name of it.
    """
    if not np.ptp(target) or not any(map(_differs, columns.T)):
        return _constant(target, codes, settings)
    from catboost import CatBoostRegressor, Pool  # 0.8 s, and not needed to predict

    model = CatBoostRegressor(
        loss_function=loss,
        iterations=settings.trees,
        learning_rate=learning_rate(settings, len(columns)),
        depth=settings.tree_depth,
        rsm=settings.tree_columns,
        bootstrap_type="Bernoulli",  # with its default, 80 % of the rows per tree
        border_count=settings.tree_borders,
        random_seed=seed % 2**31,  # CatBoost takes 31 bits
        max_ctr_complexity=1,  # statistics of one column each
        thread_count=1,
        allow_writing_files=False,
        verbose=False,
    )
    words = np.flatnonzero(codes).tolist()
    pool = Pool(_frame(columns, words), target, cat_features=words, thread_count=1)
    model.fit(pool, callbacks=[_Progress(after_trees)])
    with TemporaryDirectory(prefix="boosting-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json", pool=pool)
        document = json.loads(path.read_text(encoding="utf-8"))
    return trees_of(document, settings.tree_depth, codes)


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


def _frame(columns: np.ndarray, words: list[int]) -> pd.DataFrame:
    """Return columns as CatBoost takes them: words are categories, named by codes."""
    frame = pd.DataFrame(columns).astype(dict.fromkeys(words, np.int32))
    return frame.astype(dict.fromkeys(words, "category"))


def _differs(column: np.ndarray) -> bool:
    """Return whether a column has two values, one of which may be missing."""
    present = column[~np.isnan(column)]
    if not len(present):
        return False
    return len(present) < len(column) or bool(np.ptp(present))


def _constant(target: np.ndarray, codes: np.ndarray, settings: Settings) -> Arrays:
    """Return trees that predict the mean target for every row."""
    trees, levels = settings.trees, settings.tree_depth
    return {
        "column": np.zeros((trees, levels), np.int32),
        "border": np.full((trees, levels), np.inf, np.float32),
        "leaf": np.zeros((trees, 2**levels)),
        "bias": np.array([float(target.mean())]),
        "codes": codes,
        "statistics": np.zeros((KINDS, codes.sum()), np.float32),
    }


def learning_rate(settings: Settings, rows: int) -> float:
    """Return the learning rate for a number of training rows.

    With as many trees, more rows allow larger steps. On a table longer than House
    Prices it grows as CatBoost's own default does.
    """
    return float(settings.tree_lr * max(1.0, rows / CHOSEN_ON) ** _GROWTH)


MODEL = Boosting()
