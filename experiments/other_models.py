"""CatBoost, LightGBM, kernel ridge and ridge on the folds of our default.

pip install '.[bench]', then: python -m experiments.other_models

Each peer reads what suits it: trees the cleaned words and numbers, the linear models
our own encoded columns. Tree settings are the best of a search on the choosing seeds.
The trees are averaged in score over as many seeds as our default has networks.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from catboost import CatBoostRegressor
from lightgbm import LGBMRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from experiments.common import (
    FRESH,
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
from pipeline.validation.cross_validate import CrossValidation

WORDS = [c.name for c in CATEGORIES.values() if not c.ordered]
MODELS = range(Settings().seeds)
# columns of all rows, log price, training rows, model seed -> log price of all rows
Peer = Callable[[Houses, CrossValidation, int, int], np.ndarray]


def catboost(houses: Houses, ours: CrossValidation, fold: int, seed: int) -> np.ndarray:
    """Tuned: many shallow trees, each on few columns and rows."""
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
        cat_features=WORDS,
        random_seed=seed,
        verbose=0,
        allow_writing_files=False,
    )
    frame = columns(houses)
    frame[WORDS] = frame[WORDS].astype(object).fillna("unknown").astype(str)
    return fit(model, frame, houses, ours, fold)


def lightgbm(houses: Houses, ours: CrossValidation, fold: int, seed: int) -> np.ndarray:
    """Tuned: many small trees, each on a quarter of the columns."""
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
    frame[WORDS] = frame[WORDS].astype("category")
    return fit(model, frame, houses, ours, fold)


def ridge(houses: Houses, ours: CrossValidation, fold: int, seed: int) -> np.ndarray:
    """On our encoded columns."""
    encoded = pd.DataFrame(ours.encoded.inputs.of_fold(fold)[: len(houses.train)])
    return fit(Ridge(100.0), encoded, houses, ours, fold)


def kernel_ridge(
    houses: Houses, ours: CrossValidation, fold: int, seed: int
) -> np.ndarray:
    """On our encoded columns, with a smooth kernel."""
    encoded = pd.DataFrame(ours.encoded.inputs.of_fold(fold)[: len(houses.train)])
    model = KernelRidge(alpha=0.1, kernel="rbf", gamma=3e-4)
    return fit(model, encoded, houses, ours, fold)


PEERS: dict[str, tuple[Peer, range]] = {
    "CatBoost, tuned": (catboost, MODELS),
    "LightGBM, tuned": (lightgbm, MODELS),
    "kernel ridge, our columns": (kernel_ridge, range(1)),
    "ridge, our columns": (ridge, range(1)),
}


def columns(houses: Houses) -> pd.DataFrame:
    """Cleaned and built columns as trees take them."""
    return houses.train.drop(columns=[ID, TARGET])


def fit(
    model: object, frame: pd.DataFrame, houses: Houses, ours: CrossValidation, fold: int
) -> np.ndarray:
    """Train on the fold's rows, predict all."""
    rows = ours.encoded.folds[fold].train
    mean = houses.log_price[rows].mean()
    model.fit(frame.iloc[rows], houses.log_price[rows] - mean)  # type: ignore[attr-defined]
    return np.asarray(model.predict(frame)) + mean  # type: ignore[attr-defined]


def out_of_fold(
    peer: Peer, houses: Houses, ours: CrossValidation, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold log prices as the peer gives them, and under our ceilings."""
    number, row = ours.fold_of, np.arange(len(houses.train))
    plain = np.stack(
        [peer(houses, ours, fold, seed) for fold in range(len(ours.encoded.folds))]
    )
    capped_decay = np.clip(
        plain, ours.encoded.floor, ours.encoded.ceiling[:, : len(row)]
    )
    return plain[number, row], capped_decay[number, row]


def main() -> None:
    """Score ours and the peers on the fresh fold seeds, and pair them seed by seed."""
    houses = load()
    ours = [validate(houses, Settings(), seed) for seed in FRESH]
    own = scores_of(houses, [np.log(each.out_of_fold[0]) for each in ours])
    rows = [["ours", f"{own.every.mean():.4f}", f"{own.usual.mean():.4f}", "", ""]]
    for name, (peer, seeds) in PEERS.items():
        runs = [[out_of_fold(peer, houses, o, seed) for o in ours] for seed in seeds]
        for index, suffix in enumerate(("", ", under our ceiling")):
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
    header = ["model", "all rows", "without the two", "behind ours", "seeds behind"]
    put("peers", table(header, rows))


if __name__ == "__main__":
    main()
