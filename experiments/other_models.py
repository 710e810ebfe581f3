"""Boosting libraries and ridge regression on the folds of our default.

pip install '.[bench]', then: python -m experiments.other_models

All boosting libraries read the features of `pipeline.models.boosting`, the others with
one-hot words, and have settings that correspond to ours, with little or no search.
Ridge regression reads the columns of the MLP. All predictions are clipped to the price
bounds. Each model has one seed, but the MLP has two networks per fold, as by default.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
from joblib import cpu_count
from lightgbm import LGBMRegressor
from sklearn.ensemble import GradientBoostingRegressor
from xgboost import XGBRegressor

from experiments.common import HELD_OUT, Scores, error_correlation, load, scores_of
from experiments.documents import SCORE, put, table
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.data.encoder import WORDS, code_counts
from pipeline.models import model_of
from pipeline.models.ensemble import Ensemble, cross_validate
from pipeline.models.model import Fitted, Model, Step
from pipeline.validation.fold_data import FoldData


class Library(Model):
    """A regressor of a library, which predicts the rows of a run only."""

    view = WORDS

    def __init__(self, name: str, regressor: Any) -> None:  # noqa: ANN401
        self.name, self._regressor = name, regressor

    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return the same for all models: no progress is shown."""
        return 1.0

    def fit(self, data: FoldData, settings: Settings, step: Step, jobs: int) -> Fitted:
        """Fit the regressor on each fold, on one core."""
        columns = _one_hot(data)
        predicted = []
        for fold, target in zip(data.folds, data.targets, strict=True):
            self._regressor.fit(columns[fold.train], target[fold.train])
            predicted.append(self._regressor.predict(columns))
        return Fitted(np.array([predicted]), [{}])


def _one_hot(data: FoldData) -> np.ndarray:
    """Return numbers and one-hot words. Exact splits take no missing values."""
    matrix = data.read(WORDS)
    codes = code_counts(matrix.names, data.dataset.layout)
    columns = [
        column[:, None] == np.arange(count) if count else column[:, None]
        for column, count in zip(matrix.entries.T, codes, strict=True)
    ]
    return np.asarray(np.nan_to_num(np.hstack(columns), nan=-1.0))


COMMON = {"learning_rate": 0.03, "max_depth": 4, "random_state": 0}
LIGHTGBM = LGBMRegressor(
    n_estimators=1500,
    learning_rate=0.02,
    num_leaves=8,
    min_child_samples=5,
    subsample=0.8,
    subsample_freq=1,
    colsample_bytree=0.33,
    random_state=0,
    verbose=-1,
    n_jobs=1,
)
XGBOOST = XGBRegressor(
    **COMMON, n_estimators=1500, subsample=0.8, colsample_bytree=0.33, n_jobs=1
)
EXACT_SPLITS = GradientBoostingRegressor(
    **COMMON, n_estimators=1500, max_features=0.33, subsample=0.8
)
MODELS = (
    model_of("boosting"),
    Library("LightGBM", LIGHTGBM),
    Library("XGBoost", XGBOOST),
    Library("scikit-learn, exact splits", EXACT_SPLITS),
    model_of("ridge"),
)


def fitted(dataset: Dataset, seed: int) -> Ensemble:
    """Return the MLP and all other models, fitted on the folds of a seed."""
    data = FoldData.fit(dataset, replace(Settings(), seed=seed))
    one_seed = replace(data, settings=replace(data.settings, seeds=1))
    mlp = cross_validate(data, [model_of("mlp")], lambda *_: None, cpu_count())
    others = cross_validate(one_seed, MODELS, lambda *_: None, jobs=1)
    return replace(mlp, members=mlp.members + others.members)


def main() -> None:
    """Score each model alone, blended with the MLP, and as a third model."""
    dataset = load()
    log_prices, seconds = defaultdict(list), Counter[str]()
    ensembles = [fitted(dataset, seed) for seed in HELD_OUT]
    for member in chain.from_iterable(each.members for each in ensembles):
        log_prices[member.name].append(member.chosen.out_of_fold)
        seconds[member.name] += member.seconds / len(HELD_OUT)

    def blend(*names: str) -> Scores:
        parts = [
            replace(each, members=[m for m in each.members if m.name in names])
            for each in ensembles
        ]
        return scores_of(dataset, [each.predictions.out_of_fold for each in parts])

    rows = []
    for name in [model.name for model in MODELS]:
        correlation = error_correlation(dataset, log_prices["mlp"], log_prices[name])
        pair, third = blend("mlp", name).texts[0], ""
        if name != "boosting":
            three = blend("mlp", "boosting", name)
            third = three.difference(blend("mlp", "boosting"))
        alone = blend(name).texts
        rows.append([name, *alone, correlation, pair, third, f"{seconds[name]:.0f}"])
    header = ["model", "all rows", "without the two", "error correlation with mlp"]
    header += ["blended with mlp", "as a third model", "seconds on one core"]
    put("peers", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
