"""CatBoost, LightGBM, kernel ridge and ridge regression on the folds of our default.

pip install '.[bench]', then: python -m experiments.other_models

The tree models read the cleaned and built columns, and the others our encoded columns.
The settings of the tree models are the best of a search on the development fold seeds.
Their score is the mean over as many random seeds as our default has networks per fold.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from catboost import CatBoostRegressor
from lightgbm import LGBMRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from experiments.common import (
    HELD_OUT,
    Houses,
    load,
    put,
    scores_of,
    standard_error,
    table,
    validate,
)
from pipeline.core.settings import Settings
from pipeline.data.schema import CATEGORIES, ID, TARGET
from pipeline.validation.clipping import RowBounds
from pipeline.validation.cross_validate import CrossValidation
from pipeline.validation.folds import out_of_fold

CATEGORICAL = [c.name for c in CATEGORIES.values() if not c.ordered]
MODELS = range(Settings().seeds)
# data, cross-validation of the default, fold, model seed -> log prices of all rows
Model = Callable[[Houses, CrossValidation, int, int], np.ndarray]


def catboost(houses: Houses, ours: CrossValidation, fold: int, seed: int) -> np.ndarray:
    """Predict with CatBoost: many shallow trees, each on few columns and rows."""
    model = CatBoostRegressor(
        iterations=2400,
        learning_rate=0.0203,
        depth=5,
        l2_leaf_reg=0.634,
        rsm=0.275,
        bootstrap_type="Bernoulli",
        subsample=0.790,
        random_strength=0.327,
        one_hot_max_size=30,
        cat_features=CATEGORICAL,
        random_seed=seed,
        verbose=0,
        allow_writing_files=False,
    )
    frame = columns(houses)
    known = frame[CATEGORICAL].astype(object).fillna("unknown")
    frame[CATEGORICAL] = known.astype(str)
    return fit(model, frame, houses, ours, fold)


def lightgbm(houses: Houses, ours: CrossValidation, fold: int, seed: int) -> np.ndarray:
    """Predict with LightGBM: many small trees, each on a quarter of the columns."""
    model = LGBMRegressor(
        n_estimators=2400,
        learning_rate=0.0173,
        num_leaves=10,
        min_child_samples=4,
        subsample=0.909,
        subsample_freq=1,
        colsample_bytree=0.254,
        reg_lambda=0.512,
        cat_smooth=2.67,
        random_state=seed,
        verbose=-1,
    )
    frame = columns(houses)
    frame[CATEGORICAL] = frame[CATEGORICAL].astype("category")
    return fit(model, frame, houses, ours, fold)


def ridge(houses: Houses, ours: CrossValidation, fold: int, seed: int) -> np.ndarray:
    """Predict with ridge regression on our encoded columns."""
    return fit(Ridge(100.0), encoded(houses, ours, fold), houses, ours, fold)


def kernel_ridge(
    houses: Houses, ours: CrossValidation, fold: int, seed: int
) -> np.ndarray:
    """Predict with kernel ridge regression on our encoded columns."""
    model = KernelRidge(alpha=0.1, kernel="rbf", gamma=3e-4)
    return fit(model, encoded(houses, ours, fold), houses, ours, fold)


OTHERS: dict[str, tuple[Model, range]] = {
    "CatBoost, tuned": (catboost, MODELS),
    "LightGBM, tuned": (lightgbm, MODELS),
    "kernel ridge, encoded columns": (kernel_ridge, range(1)),
    "ridge, encoded columns": (ridge, range(1)),
}


def columns(houses: Houses) -> pd.DataFrame:
    """Return the cleaned and built columns."""
    return houses.train.drop(columns=[ID, TARGET])


def encoded(houses: Houses, ours: CrossValidation, fold: int) -> pd.DataFrame:
    """Return the columns as the networks of a fold read them."""
    return pd.DataFrame(ours.fold_data.inputs.of_fold(fold)[: len(houses.train)])


def fit(
    model: object, frame: pd.DataFrame, houses: Houses, ours: CrossValidation, fold: int
) -> np.ndarray:
    """Train on the training rows of a fold; return the log prices of all rows."""
    rows = ours.fold_data.folds[fold].train
    mean = houses.log_price[rows].mean()
    model.fit(frame.iloc[rows], houses.log_price[rows] - mean)  # type: ignore[attr-defined]
    return np.asarray(model.predict(frame)) + mean  # type: ignore[attr-defined]


def predicted(
    model: Model, houses: Houses, ours: CrossValidation, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a model's out-of-fold log prices, without and with our price bounds."""
    folds = range(len(ours.fold_data.folds))
    plain = np.stack([model(houses, ours, fold, seed) for fold in folds])
    floor, ceiling = ours.fold_data.row_bounds.floor, ours.fold_data.row_bounds.ceiling
    clipped = RowBounds(floor, ceiling[:, : len(houses.train)]).clip(plain)
    return out_of_fold(plain, ours.fold_of), out_of_fold(clipped, ours.fold_of)


def main() -> None:
    """Score all models on the held-out fold seeds, paired by fold seed."""
    houses = load()
    ours = [validate(houses, Settings(), seed) for seed in HELD_OUT]
    own = scores_of(houses, [np.log(each.out_of_fold[0]) for each in ours])
    rows = [
        ["the default", f"{own.every.mean():.4f}", f"{own.usual.mean():.4f}", "", ""]
    ]
    for name, (model, seeds) in OTHERS.items():
        runs = [[predicted(model, houses, o, seed) for o in ours] for seed in seeds]
        for index, suffix in enumerate(("", ", with our price bounds")):
            scored = [scores_of(houses, [r[index] for r in run]) for run in runs]
            every = np.mean([each.every for each in scored], axis=0)
            usual = np.mean([each.usual for each in scored], axis=0)
            gap = every - own.every
            rows.append(
                [
                    name + suffix,
                    f"{every.mean():.4f}",
                    f"{usual.mean():.4f}",
                    f"{gap.mean():+.4f} ± {standard_error(gap):.4f}",
                    f"{(gap > 0).sum()} of {len(gap)}",
                ]
            )
            print(*rows[-1], sep=" · ", flush=True)
    header = ["model", "all rows", "without the two", "difference to ours", "worse on"]
    put("peers", table(header, rows))


if __name__ == "__main__":
    main()
