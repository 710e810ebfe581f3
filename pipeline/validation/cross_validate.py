"""Folds × λ × seeds as one stack: scores, out-of-fold and test predictions."""

import math
import time
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.settings import Settings
from pipeline.data.schema import TARGET
from pipeline.network.trainer import Candidate
from pipeline.validation.divergence import Diverged, diverged_in, name_diverged
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import Fold, fold_numbers, make_folds
from pipeline.validation.metrics import log_rmse
from pipeline.validation.parallel import Callback, Replica, Trained, train_replicas


class Score(NamedTuple):
    """The log-RMSE of a model: on each fold, and pooled over all rows.

    It is NaN where a network diverged: on its fold, and in all that takes that in.
    """

    folds: list[float]
    mean: float
    std: float
    pooled: float
    seconds: float

    def record(self) -> dict[str, Any]:
        """The score as plain data, None for what is no finite number."""
        numbers = {"mean": self.mean, "std": self.std, "pooled": self.pooled}
        return {
            "folds": [_or_none(each) for each in self.folds],
            **{name: _or_none(value) for name, value in numbers.items()},
            "seconds": self.seconds,
        }


class Predictions(NamedTuple):
    """Prices in dollars, and the fold that validates each training row.

    Shapes: fold_of and out_of_fold [rows]; test [test rows].
    """

    fold_of: np.ndarray
    out_of_fold: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class CrossValidation:
    """What a cross-validation leaves.

    Shapes: fold_of [rows], the fold that validates each row; out_of_fold [λ, rows] and
    test [λ, test rows], in dollars, NaN where a network diverged.
    """

    replicas: list[Replica]
    encoded: FoldData
    trained: Trained
    diverged: list[Diverged]
    scores: list[Score]
    fold_of: np.ndarray
    out_of_fold: np.ndarray
    test: np.ndarray

    @property
    def best(self) -> int:
        """The place of the λ with the lowest pooled score."""
        return int(np.nanargmin([score.pooled for score in self.scores]))

    @property
    def predictions(self) -> Predictions:
        """What the best λ predicts."""
        best = self.best
        return Predictions(self.fold_of, self.out_of_fold[best], self.test[best])


def cross_validate(
    train: pd.DataFrame,
    test: pd.DataFrame,
    settings: Settings,
    callback: Callback,
    jobs: int,
) -> CrossValidation:
    """Train every network on its fold's training rows; predict the rows it never saw.

    Everything that is learned from rows is learned again in every fold. `callback` gets
    the log-RMSE of some networks after each epoch; `jobs` parts train side by side.

    Raises:
        UserError: there are fewer rows than folds, or every λ diverged.
    """
    begin = time.perf_counter()
    folds = make_folds(len(train), settings.folds, settings.seed)
    encoded = FoldData.fit(train, test, folds, settings.device)
    replicas = replicas_of(settings)
    candidates = [
        Candidate(each, settings.lr, settings.dropout) for each in settings.lambdas
    ]
    trained = train_replicas(encoded, replicas, candidates, settings, callback, jobs)
    epochs = diverged_in(
        trained, encoded.unseen[[replica.fold for replica in replicas]]
    )
    answers = np.where(epochs[..., None], np.nan, trained.log_price)
    log_price = by_fold(answers, encoded, settings)
    predicted = out_of_fold(log_price, folds)
    price = train[TARGET].to_numpy()
    seconds = (time.perf_counter() - begin) / len(candidates)
    return CrossValidation(
        replicas=replicas,
        encoded=encoded,
        trained=trained,
        diverged=name_diverged(epochs, replicas, settings),
        scores=[score_folds(each, price, folds, seconds) for each in predicted],
        fold_of=fold_numbers(folds),
        out_of_fold=predicted,
        test=np.exp(log_price[:, :, len(train) :].mean(axis=1)),
    )


def replicas_of(settings: Settings) -> list[Replica]:
    """The cells of a run, fold by fold, seed by seed."""
    return [
        Replica(*each) for each in product(range(settings.folds), range(settings.seeds))
    ]


def by_fold(log_price: np.ndarray, encoded: FoldData, settings: Settings) -> np.ndarray:
    """Average a fold's networks, within its limits: [λ, cells, n] -> [λ, folds, n]."""
    candidates, _, rows = log_price.shape
    shape = (candidates, settings.folds, settings.seeds, rows)
    return encoded.bound(log_price.reshape(shape).mean(axis=2))


def out_of_fold(log_price: np.ndarray, folds: list[Fold]) -> np.ndarray:
    """The prices of training rows by the folds that validate them, [λ, rows].

    Shapes: log_price [λ, folds, rows and maybe more].
    """
    fold_of = fold_numbers(folds)
    return np.asarray(np.exp(log_price[:, fold_of, np.arange(len(fold_of))]))


def score_folds(
    predicted: np.ndarray, price: np.ndarray, folds: list[Fold], seconds: float
) -> Score:
    """Score out-of-fold prices [rows] on each fold and on all rows."""
    each = [log_rmse(predicted[fold.valid], price[fold.valid]) for fold in folds]
    mean, std = float(np.mean(each)), float(np.std(each, ddof=1))
    return Score(each, mean, std, log_rmse(predicted, price), seconds)


def _or_none(score: float) -> float | None:
    return score if math.isfinite(score) else None
