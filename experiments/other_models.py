"""Boosting libraries and linear models on the folds of our default.

pip install '.[bench]', then: python -m experiments.other_models

All boosting libraries read the columns of `pipeline.models.boosting`, and have settings
that correspond to ours, with little or no search. The linear models read the columns of
the MLP. All predictions are clipped to the price bounds.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from lightgbm import LGBMRegressor
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics.pairwise import euclidean_distances
from xgboost import XGBRegressor

from experiments.common import (
    HELD_OUT,
    Houses,
    error_correlation,
    load,
    mean_of,
    scores_of,
    validate,
)
from experiments.documents import SCORE, put, table
from pipeline.core.settings import Settings
from pipeline.data.encoder import ONE_HOT
from pipeline.models import boosting
from pipeline.network.replicas import FoldTensors
from pipeline.validation.clipping import RowBounds, places_of
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import out_of_fold

SETTINGS = Settings()
ALPHAS = np.logspace(-2.5, 0, 6)  # of kernel ridge regression
# columns of all rows, training rows, centred log prices of these -> of all rows
Model = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def boosted(seeds: int) -> Model:
    """Return our boosting: the mean of the trees of some seeds."""

    def fit(columns: np.ndarray, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
        predicted = []
        for seed in range(seeds):
            data = columns[rows], target, seed
            trees = boosting.fit(*data, SETTINGS, lambda _: None)
            predicted.append(boosting.predict(trees, columns))
        return np.mean(predicted, axis=0)

    return fit


def library(model: object) -> Model:
    """Return a model of a library with scikit-learn's interface."""

    def fit(columns: np.ndarray, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
        model.fit(columns[rows], target)  # type: ignore[attr-defined]
        return np.asarray(model.predict(columns))  # type: ignore[attr-defined]

    return fit


def kernel_ridge(
    columns: np.ndarray, rows: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """Gaussian kernel of a third of the inverse mean squared distance.

    The penalty is chosen by the leave-one-out error on the training rows, which has a
    closed form (Rasmussen and Williams, Gaussian Processes, 2006, section 5.4.2).
    """
    distances = euclidean_distances(columns, columns[rows], squared=True)
    kernel = np.exp(-distances / (3 * distances[rows].mean()))
    values, vectors = np.linalg.eigh(kernel[rows])
    best, chosen = np.inf, np.zeros(len(rows))
    for alpha in ALPHAS:
        inverse = (vectors / (values + alpha)) @ vectors.T
        weights = inverse @ target
        error = np.mean((weights / inverse.diagonal()) ** 2)
        if error < best:
            best, chosen = error, weights
    return np.asarray(kernel @ chosen)


OURS = "CatBoost (ours, one seed)"
COMMON = {"learning_rate": 0.03, "max_depth": 4, "random_state": 0}
BOOSTED: dict[str, Model] = {
    OURS: boosted(seeds=1),
    "LightGBM": library(
        LGBMRegressor(
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
    ),
    "XGBoost": library(
        XGBRegressor(
            **COMMON, n_estimators=1500, subsample=0.8, colsample_bytree=0.33, n_jobs=1
        )
    ),
    "scikit-learn, histograms": library(
        HistGradientBoostingRegressor(
            learning_rate=0.03,
            max_iter=1000,
            max_leaf_nodes=8,
            min_samples_leaf=5,
            max_features=0.33,
            early_stopping=False,
            random_state=0,
        )
    ),
    "scikit-learn, exact splits": library(
        GradientBoostingRegressor(
            **COMMON, n_estimators=1500, max_features=0.33, subsample=0.8
        )
    ),
}
LINEAR: dict[str, Model] = {
    "ridge, columns of the MLP": library(RidgeCV(np.logspace(0, 3.5, 15))),
    "kernel ridge, columns of the MLP": kernel_ridge,
}


def log_prices(
    model: Model, houses: Houses, data: FoldData, columns: np.ndarray | None
) -> np.ndarray:
    """Return a model's out-of-fold log prices on the folds of our networks.

    `columns` are those that the model reads; by default, those of the networks.
    """
    inputs, by_fold = FoldTensors.of(data).inputs, []
    for number, fold in enumerate(data.folds):
        read = columns
        if read is None:
            read = inputs.of_fold(number)[: len(houses.train)].numpy()
        mean = houses.transformed[fold.train].mean()
        centred = houses.transformed[fold.train] - mean
        by_fold.append(model(read, fold.train, centred) + mean)
    neighbourhoods = places_of(houses.train, houses.dataset.schema)
    bounds = RowBounds.of(data.target_bounds, neighbourhoods)
    return out_of_fold(bounds.clip(np.array(by_fold)), data.fold_of)


def main() -> None:
    """Score each model alone, blended with the MLP, and as a third model."""
    houses = load()
    ours = [validate(houses, replace(SETTINGS, models=("mlp",)), s) for s in HELD_OUT]
    mlp = [result.predictions.out_of_fold for result in ours]
    entries = ONE_HOT.read([houses.train], houses.dataset.layout).entries
    filled = np.nan_to_num(entries, nan=-1.0)  # exact splits take no missing values
    rows, first, pair = [], mlp, mlp
    for name, model in {**BOOSTED, **LINEAR}.items():
        begin = time.process_time()
        columns = None if name in LINEAR else entries if name == OURS else filled
        predicted = [log_prices(model, houses, result.data, columns) for result in ours]
        seconds = (time.process_time() - begin) / len(ours)
        scores = scores_of(houses, predicted)
        alike = error_correlation(houses, mlp, predicted)
        blended = mean_of(mlp, predicted)
        if name == OURS:
            first, pair, gap = predicted, blended, ""
        else:
            three = scores_of(houses, mean_of(mlp, first, predicted))
            gap = three.difference(scores_of(houses, pair))
        means = f"{scores.every:.4f}", f"{scores.usual:.4f}", f"{alike:.2f}"
        two = f"{scores_of(houses, blended).every:.4f}"
        rows.append([name, *means, two, gap, f"{seconds:.0f}"])
        print(*rows[-1], sep=" · ", flush=True)
    header = ["model", "all rows", "without the two", "error correlation with mlp"]
    header += ["blended with mlp", "as a third model", "processor seconds"]
    put("peers", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
