"""Gradient boosting by CatBoost (Prokhorenkova et al., NeurIPS 2018).

CatBoost reads words as words, by statistics of the target, and a blend of folds needs
nothing but its defaults, with four exceptions. Statistics are of one column, not of two
or more at once, which takes several times as long. The learning rate is the library's
own for squared errors, for all losses; it has none for others. On few rows trees have
four levels: 64 leaves of 1,000 rows would have 16 rows each, and 4 to 8 leaves are
enough on most tables (Hastie, Tibshirani and Friedman, The Elements of Statistical
Learning, 2009, section 10.11). They are 500 then, since the fewer rows, the fewer steps
are worth their time; the learning rate follows. There is one thread, so that the same
seed gives the same trees.

A fold has one boosted model: a second one changes the error of the mean of all folds by
less than .1 %, since these differ already.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.settings import Settings
from pipeline.data.encoder import WORDS, code_counts
from pipeline.models.catboost_json import trees_of
from pipeline.models.model import Arrays, FoldModel, Step
from pipeline.models.oblivious_trees import KINDS, check, predict, shared_leaves
from pipeline.validation.fold_data import TrainingFold
from pipeline.validation.folds import smallest

_FEW_ROWS = 4000  # of a fold: 62 per leaf of six levels, as of 1,000 and four levels
_TREES, _TREES_OF_FEW = 1000, 500
_LEVELS, _LEVELS_OF_FEW = 6, 4
_TREES_PER_STEP = 10  # of the progress
# Measured on tables of 130,000 cells (rows × features) to 4 million: seconds of a tree,
# and of a cell of it.
_TREE, _TREE_PER_CELL = 3e-4, 2e-8


class Boosting(FoldModel):
    """Boosted trees that read words as words, on one thread per fold."""

    name = "boosting"
    view = WORDS
    has_seeds = False
    tells_alike = True
    packages = ("catboost",)

    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return the time of all trees of all folds."""
        trees, _ = _size(settings, rows - rows // settings.folds)
        per_tree = _TREE + _TREE_PER_CELL * rows * columns
        return settings.folds * trees * per_tree

    def fit_fold(
        self, fold: TrainingFold, seed: int, settings: Settings, step: Step
    ) -> Arrays:
        """Train on one thread, so that the same seed gives the same trees."""
        columns = fold.read(self.view)
        codes = code_counts(fold.data.read(self.view).names, fold.layout)
        seconds = self.seconds(settings, fold.data.rows, columns.shape[1])
        # The same in all folds, whose arrays are stacked.
        trees, levels = _size(settings, smallest(fold.data.folds))
        per_tree = seconds / (settings.folds * trees)
        training = Training(
            seed=seed,
            trees=trees,
            levels=levels,
            loss=fold.metric.loss.trees,
            after_trees=lambda number: step(number * per_tree, ""),
        )
        return fit(columns, codes, fold.target, training)

    def predict_fold(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return the sum of all trees, shape (n,)."""
        return predict(arrays, entries)

    def alike(
        self, arrays: Arrays, row: np.ndarray, entries: np.ndarray, targets: np.ndarray
    ) -> np.ndarray:
        """Return the weight of the trees in which rows share the leaf of one row."""
        found = []
        for fold, target in enumerate(targets):
            trees = {name: each[fold, 0] for name, each in arrays.items()}
            found.append(shared_leaves(trees, row, entries, target))
        return np.stack(found)

    def check_fold(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check that the arrays are trees over this number of columns."""
        check(arrays, columns)


class Training(NamedTuple):
    """How trees are trained.

    Attributes:
        seed: of the trees.
        trees: how many.
        levels: of each.
        loss: CatBoost's name of it.
        after_trees: called with the number of trees since the last call.
    """

    seed: int
    trees: int
    levels: int
    loss: str = "RMSE"
    after_trees: Callable[[int], None] = lambda _: None


def fit(
    columns: np.ndarray, codes: np.ndarray, target: np.ndarray, training: Training
) -> Arrays:
    """Train boosted trees, and return them as arrays.

    Where no column or no target differs, which CatBoost refuses, the mean is predicted.

    Args:
        columns: shape (n, columns). A missing number is NaN, a word is its code.
        codes: the number of codes of each column, 0 for a column of numbers.
        target: shape (n,).
        training: how.
    """
    if not np.ptp(target) or not any(map(_differs, columns.T)):
        return _constant(target, codes, training)
    from catboost import CatBoostRegressor, Pool  # not needed to predict

    words = np.flatnonzero(codes).tolist()
    pool = Pool(_frame(columns, words), target, cat_features=words, thread_count=1)
    model = CatBoostRegressor(
        loss_function=training.loss,
        iterations=training.trees,
        learning_rate=learning_rate(len(columns), training.trees),
        depth=training.levels,
        max_ctr_complexity=1,
        random_seed=training.seed % 2**31,  # CatBoost takes 31 bits
        thread_count=1,
        # Else each call of the callback gets a copy of the errors after all trees.
        metric_period=training.trees,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(pool, callbacks=[_Progress(training.after_trees)])
    with TemporaryDirectory(prefix="boosting-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json", pool=pool)
        document = json.loads(path.read_text(encoding="utf-8"))
    return trees_of(document, training.levels, codes)


def _size(settings: Settings, rows: int) -> tuple[int, int]:
    """Return the number of trees for a number of training rows, and their levels."""
    if rows < _FEW_ROWS:
        return settings.trees or _TREES_OF_FEW, _LEVELS_OF_FEW
    return settings.trees or _TREES, _LEVELS


def learning_rate(rows: int, trees: int) -> float:
    """Return CatBoost's own learning rate for squared errors.

    Its coefficients are in catboost/libs/train_lib/options_helper.cpp.
    """
    logarithm = 0.158 * math.log(rows) - 4.287 - 0.813 * math.log(trees / 1000)
    return round(min(math.exp(logarithm), 0.5), 6)


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


def _constant(target: np.ndarray, codes: np.ndarray, training: Training) -> Arrays:
    """Return trees that predict the mean target for every row."""
    trees, levels = training.trees, training.levels
    return {
        "column": np.zeros((trees, levels), np.int32),
        "border": np.full((trees, levels), np.inf, np.float32),
        "leaf": np.zeros((trees, 2**levels)),
        "bias": np.array([float(target.mean())]),
        "codes": codes,
        "statistics": np.zeros((KINDS, codes.sum()), np.float32),
    }


MODEL = Boosting()
