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
from pipeline.core.settings import MLP, Settings
from pipeline.models import boosting
from pipeline.validation.clipping import RowBounds, places_of
from pipeline.validation.cross_validate import CrossValidation
from pipeline.validation.folds import out_of_fold

SETTINGS = Settings()
ALPHAS = np.logspace(-2.5, 0, 6)  # of kernel ridge regression
# columns of all rows, training rows, centred log prices of these -> of all rows
Model = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def catboost(columns: np.ndarray, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Our model, with one seed."""
    arrays = boosting.fit(columns[rows], target, 0, SETTINGS, lambda: None, "RMSE")
    return boosting.predict(arrays, columns)


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


COMMON = {"learning_rate": 0.03, "max_depth": 4, "random_state": 0}
BOOSTED: dict[str, Model] = {
    "CatBoost (ours, one seed)": catboost,
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


def transformed(
    model: Model, houses: Houses, ours: CrossValidation, trees: np.ndarray | None
) -> np.ndarray:
    """Return out-of-fold log prices of a model, clipped to the price bounds."""
    data = ours.fold_data
    every = []
    for number, fold in enumerate(data.folds):
        columns = trees
        if columns is None:
            columns = data.inputs.of_fold(number)[: len(houses.train)].numpy()
        mean = houses.transformed[fold.train].mean()
        own = model(columns, fold.train, houses.transformed[fold.train] - mean)
        every.append(own + mean)
    places = places_of(houses.train, houses.dataset.schema)
    train_bounds = RowBounds.of(data.target_bounds, places)
    return out_of_fold(train_bounds.clip(np.array(every)), ours.fold_of)


def main() -> None:
    """Score each model alone, blended with the MLP, and as a third model."""
    houses = load()
    ours = [validate(houses, replace(SETTINGS, models=(MLP,)), s) for s in HELD_OUT]
    mlp = [np.log(each.out_of_fold[0]) for each in ours]
    columns = boosting.read(houses.train, houses.dataset.layout).entries
    filled = np.nan_to_num(columns, nan=-1.0)  # exact splits take no missing values
    rows, first = [], None
    for name, model in {**BOOSTED, **LINEAR}.items():
        begin = time.process_time()
        trees = None if name in LINEAR else columns if model is catboost else filled
        own = [transformed(model, houses, each, trees) for each in ours]
        seconds = (time.process_time() - begin) / len(ours)
        first = first or own
        scores, two = scores_of(houses, own), scores_of(houses, mean_of(mlp, own))
        three = scores_of(houses, mean_of(mlp, first, own))
        pair = scores_of(houses, mean_of(mlp, first))
        alike = error_correlation(houses, mlp, own)
        rows.append(
            [
                *(name, f"{scores.every:.4f}", f"{scores.usual:.4f}", f"{alike:.2f}"),
                f"{two.every:.4f}",
                "" if own is first else three.difference(pair),
                f"{seconds:.0f}",
            ]
        )
        print(*rows[-1], sep=" · ", flush=True)
    header = ["model", "all rows", "without the two", "error correlation with mlp"]
    header += ["blended with mlp", "as a third model", "processor seconds"]
    put("peers", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
