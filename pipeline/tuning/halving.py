"""Train a batch of trials as one stack and drop the worse half at each rung.

This is successive halving (Jamieson and Talwalkar 2016) within one stack of networks. A
trial's scores depend on its own settings only. When it is pruned depends on the others.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from pipeline.core.settings import Settings
from pipeline.network.trainer import Candidate, Trainer
from pipeline.validation.cross_validate import by_fold, replicas_of
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import out_of_fold
from pipeline.validation.parallel import Replica, log_predictions, new_trainer

RUNGS = (1 / 3, 2 / 3, 1)  # of the epochs


class Rung(NamedTuple):
    """The pooled out-of-fold score of a trial after a number of epochs."""

    epoch: int
    score: float


def successive_halving(
    fold_data: FoldData,
    actual: np.ndarray,
    candidates: Sequence[Candidate],
    settings: Settings,
) -> list[list[Rung]]:
    """Train candidates under cross-validation and return the rungs that each reached.

    Args:
        fold_data: The folds.
        actual: The targets, shape (n_rows,).
        candidates: Weight decay, learning rate and dropout of each trial.
        settings: All other settings, such as folds, seeds and hidden layers.
    """
    torch.set_num_threads(1)  # other batches use the other cores
    replicas = replicas_of(settings)
    trainer = new_trainer(fold_data, replicas, candidates, settings)
    reached: list[list[Rung]] = [[] for _ in candidates]
    active = list(range(len(candidates)))
    for epoch in rungs_of(settings.epochs):
        while trainer.epoch < epoch:
            trainer.train_epoch()
        scores = _scores(trainer, replicas, fold_data, actual, settings)
        for index, score in zip(active, scores, strict=True):
            reached[index].append(Rung(epoch, score))
        if epoch < settings.epochs:
            kept = better_half(scores)
            trainer.keep(kept)
            active = [active[index] for index in kept]
    return reached


def rungs_of(epochs: int) -> list[int]:
    """Return the epochs after which trials are compared, the last epoch included."""
    return sorted({max(1, round(epochs * share)) for share in RUNGS})


def better_half(scores: Sequence[float]) -> list[int]:
    """Return the indices of the lower half of the scores, rounded up, in order."""
    best_first = np.argsort(scores, kind="stable")
    return sorted(best_first[: (len(scores) + 1) // 2].tolist())


def _scores(
    trainer: Trainer,
    replicas: Sequence[Replica],
    fold_data: FoldData,
    actual: np.ndarray,
    settings: Settings,
) -> list[float]:
    """Return the score of each candidate that is still in the stack."""
    transformed = log_predictions(trainer, fold_data, replicas)
    # A diverged network predicts NaN: score it as the lowest possible target.
    finite = np.where(np.isnan(transformed), -np.inf, transformed)
    transformed = out_of_fold(by_fold(finite, fold_data, settings), fold_data.fold_of)
    metric = fold_data.metric
    return [metric.score(metric.undo(each), actual) for each in transformed]
