"""Train a batch of trials as one stack; the worse half leaves it at each rung.

Successive halving (Jamieson and Talwalkar 2016), within a stack. A trial's scores
depend on its settings alone. Only when it is stopped depends on the others.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from pipeline.core.settings import Settings
from pipeline.network.trainer import Candidate, Trainer
from pipeline.validation.cross_validate import by_fold, out_of_fold, replicas_of
from pipeline.validation.fold_data import FoldData
from pipeline.validation.metrics import log_rmse
from pipeline.validation.parallel import Replica, log_predictions, new_trainer

RUNGS = (1 / 3, 2 / 3, 1)  # of the epochs


class Rung(NamedTuple):
    """The pooled out-of-fold log-RMSE of a trial after some epochs."""

    epoch: int
    score: float


def successive_halving(
    encoded: FoldData,
    price: np.ndarray,
    candidates: Sequence[Candidate],
    settings: Settings,
) -> list[list[Rung]]:
    """Train the blocks under cross-validation; the rungs that each has reached.

    Of `settings`, all counts that a block does not say: folds, seeds, hidden layers.
    `price` [rows] is in dollars.
    """
    torch.set_num_threads(1)  # other batches fill the other cores
    replicas = replicas_of(settings)
    trainer = new_trainer(encoded, replicas, candidates, settings)
    reached: list[list[Rung]] = [[] for _ in candidates]
    active = list(range(len(candidates)))
    for epoch in rungs_of(settings.epochs):
        while trainer.epoch < epoch:
            trainer.train_epoch()
        scores = _scores(trainer, replicas, encoded, price, settings)
        for index, score in zip(active, scores, strict=True):
            reached[index].append(Rung(epoch, score))
        if epoch < settings.epochs:
            kept = better_half(scores)
            trainer.keep(kept)
            active = [active[index] for index in kept]
    return reached


def rungs_of(epochs: int) -> list[int]:
    """The epochs after which trials are compared; the last is the end."""
    return sorted({max(1, round(epochs * share)) for share in RUNGS})


def better_half(scores: Sequence[float]) -> list[int]:
    """The places of the lower half of the scores, rounded up, in their old order."""
    best_first = np.argsort(scores, kind="stable")
    return sorted(best_first[: (len(scores) + 1) // 2].tolist())


def _scores(
    trainer: Trainer,
    replicas: Sequence[Replica],
    encoded: FoldData,
    price: np.ndarray,
    settings: Settings,
) -> list[float]:
    """The score of each block that is still in the stack."""
    log_price = log_predictions(trainer, encoded, replicas)
    # A network that diverged has no answer: count that as the lowest price there is.
    answered = np.where(np.isnan(log_price), -np.inf, log_price)
    predicted = out_of_fold(by_fold(answered, encoded, settings), encoded.folds)
    return [log_rmse(each, price) for each in predicted]
