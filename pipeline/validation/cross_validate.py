"""Cross-validation of folds × λ × seeds as one stack of networks."""

import time
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from pipeline.core.metrics import Metric
from pipeline.core.progress import announce
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.network.trainer import Candidate
from pipeline.validation.divergence import Diverged, drop_diverged
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import Fold, dataset_folds, out_of_fold
from pipeline.validation.parallel import Callback, Replica, Trained, train_replicas


class Score(NamedTuple):
    """The score of a model: of each fold, their mean, and pooled over all rows.

    It is NaN where a network diverged: for its fold, and for mean, std and pooled.
    """

    folds: list[float]
    mean: float
    std: float
    pooled: float
    seconds: float


class Predictions(NamedTuple):
    """Predicted targets, and the fold that validates each training row.

    Shapes: fold_of and out_of_fold [rows]; test [test rows].
    """

    fold_of: np.ndarray
    out_of_fold: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class CrossValidation:
    """The result of a cross-validation.

    Attributes:
        replicas: the (fold, seed) pairs.
        fold_data: what the networks of each fold were trained on.
        trained: weights, predictions and learning curves of all networks.
        diverged: the networks that diverged.
        scores: of each λ.
        out_of_fold: shape (λ, rows); NaN where a network diverged.
        test: shape (λ, test rows); NaN where a network diverged.
    """

    replicas: list[Replica]
    fold_data: FoldData
    trained: Trained
    diverged: list[Diverged]
    scores: list[Score]
    out_of_fold: np.ndarray
    test: np.ndarray

    @property
    def fold_of(self) -> np.ndarray:
        """The number of the fold that validates each row, shape (rows,)."""
        return self.fold_data.fold_of

    @property
    def best(self) -> int:
        """The index of the λ with the lowest pooled score."""
        return int(np.nanargmin([score.pooled for score in self.scores]))

    @property
    def predictions(self) -> Predictions:
        """The predictions of the best λ."""
        best = self.best
        return Predictions(self.fold_of, self.out_of_fold[best], self.test[best])


def cross_validate(
    dataset: Dataset,
    settings: Settings,
    callback: Callback,
    jobs: int,
) -> CrossValidation:
    """Train all networks, and predict the rows that each was not trained on.

    Everything that is fitted on rows is fitted separately in every fold.

    Args:
        dataset: the training and the test rows.
        settings: hyperparameters.
        callback: called with the RMSE of a part's networks after each epoch.
        jobs: the largest number of parts of the stack that train in parallel.

    Raises:
        UserError: there are fewer rows than folds, or every λ diverged.
    """
    begin = time.perf_counter()
    folds = dataset_folds(dataset, settings)
    fold_data = FoldData.fit(dataset, folds, settings, jobs)
    replicas = replicas_of(settings)
    candidates = [
        Candidate(weight_decay, settings.lr, settings.dropout)
        for weight_decay in settings.lambdas
    ]
    announce("training the networks")
    trained = train_replicas(fold_data, replicas, candidates, settings, callback, jobs)
    kept, diverged = drop_diverged(trained, fold_data, replicas, settings)
    transformed = by_fold(kept, fold_data, settings)
    metric = fold_data.metric
    predicted = metric.undo(out_of_fold(transformed, fold_data.fold_of))
    actual = dataset.actual
    seconds = (time.perf_counter() - begin) / len(candidates)
    return CrossValidation(
        replicas=replicas,
        fold_data=fold_data,
        trained=trained,
        diverged=diverged,
        scores=[
            score_folds(each, actual, folds, seconds, metric) for each in predicted
        ],
        out_of_fold=predicted,
        test=metric.undo(transformed[:, :, len(actual) :].mean(axis=1)),
    )


def replicas_of(settings: Settings) -> list[Replica]:
    """Return all (fold, seed) pairs, ordered by fold and then by seed."""
    return [
        Replica(*each) for each in product(range(settings.folds), range(settings.seeds))
    ]


def by_fold(
    transformed: np.ndarray, fold_data: FoldData, settings: Settings
) -> np.ndarray:
    """Average each fold's networks and clip: [λ, replicas, n] -> [λ, folds, n]."""
    candidates, _, rows = transformed.shape
    shape = (candidates, settings.folds, settings.seeds, rows)
    return fold_data.row_bounds.clip(transformed.reshape(shape).mean(axis=2))


def score_folds(
    predicted: np.ndarray,
    actual: np.ndarray,
    folds: list[Fold],
    seconds: float,
    metric: Metric,
) -> Score:
    """Score out-of-fold predictions [rows] on each fold and on all rows."""
    scores = [metric.score(predicted[f.valid], actual[f.valid]) for f in folds]
    mean, std = float(np.mean(scores)), float(np.std(scores, ddof=1))
    return Score(scores, mean, std, metric.score(predicted, actual), seconds)
