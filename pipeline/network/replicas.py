"""Train the networks of all folds, seeds and candidates, in parts that run in parallel.

A replica is a (fold, seed) pair, a candidate a setting of the hyperparameters that may
differ within a stack.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from pipeline.core.settings import Settings
from pipeline.core.threads import run_in_threads
from pipeline.data.encoder import EXPANDED, FURTHEST
from pipeline.network.adamw import AdamWOptions
from pipeline.network.batches import Rows
from pipeline.network.inference import predict_rows
from pipeline.network.inputs import Inputs
from pipeline.network.loss import huber_loss
from pipeline.network.partition import even_cut, joined, pieces
from pipeline.network.schedule import Schedule
from pipeline.network.seeds import Replica, replica_seed
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.network.trainer import Candidate, EpochErrors, Trainer
from pipeline.validation.fold_data import FoldData


class FoldTensors(NamedTuple):
    """The rows of all folds, as the networks read them.

    Attributes:
        data: the folds.
        inputs: training rows and then test rows, encoded.
        targets: shape (folds, all rows), the standardised target, within ±FURTHEST;
            NaN in test rows.
        delta: shape (folds,), the threshold of the Huber loss.
        decay: shape (folds,), the weight decay of λ = 1.
    """

    data: FoldData
    inputs: Inputs
    targets: Tensor
    delta: Tensor
    decay: Tensor

    @classmethod
    def of(cls, data: FoldData) -> Self:
        """Return the rows on the device of the settings."""
        device = data.settings.device
        entries = data.read(EXPANDED).entries
        inputs = Inputs.of(entries, data.encoders, device, data.replaced).made_ready()
        targets = np.full((len(data.folds), data.all_rows), np.nan, np.float32)
        targets[:, : data.rows] = np.clip(data.targets, -FURTHEST, FURTHEST)
        delta = np.array([ridge.delta for ridge in data.ridges])
        parts = (targets, delta, data.decay)
        return cls(data, inputs, *(torch.from_numpy(part).to(device) for part in parts))


class Trained(NamedTuple):
    """Trained networks, by candidate and replica.

    Shapes: weights, each [candidates, replicas, ...]; predicted [candidates, replicas,
    rows + test rows], the standardised predictions, NaN for the rows that a network was
    trained on; train and valid [candidates, replicas, epochs], the learning curves, in
    the metric.
    """

    weights: dict[str, np.ndarray]
    predicted: np.ndarray
    train: np.ndarray
    valid: np.ndarray


# Called after each epoch of a part, with the number of the part and the errors of its
# networks on their validation rows.
AfterEpoch = Callable[[int, list[float]], None]


def candidates_of(settings: Settings) -> list[Candidate]:
    """Return a candidate for each λ."""
    return [
        Candidate(weight_decay, settings.lr, settings.dropout)
        for weight_decay in settings.lambdas
    ]


def train_replicas(
    tensors: FoldTensors,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
    after_epoch: AfterEpoch,
    jobs: int,
) -> Trained:
    """Train a network for each candidate and replica.

    The stack is cut into parts, which train in parallel threads: torch computes without
    Python's lock. The numbers of a network do not depend on the cut.

    Args:
        tensors: the rows.
        replicas: (fold, seed) pairs.
        candidates: weight decay, learning rate and dropout, which replace those of
            `settings`.
        settings: all other hyperparameters.
        after_epoch: called after each epoch of a part.
        jobs: the largest number of parts.
    """
    across, down = even_cut(len(candidates), len(replicas), jobs)
    parts = list(product(pieces(candidates, across), pieces(replicas, down)))
    arguments = [
        (tensors, replicas, candidates, settings, partial(after_epoch, number))
        for number, (candidates, replicas) in enumerate(parts)
    ]
    done = run_in_threads(_train_part, arguments, len(parts), movable=True)
    weights = {
        name: joined([part.weights[name] for part in done], down)
        for name in done[0].weights
    }
    arrays = zip(*(part[1:] for part in done), strict=True)
    return Trained(weights, *(joined(array, down) for array in arrays))


def _train_part(
    tensors: FoldTensors,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
    after_epoch: Callable[[list[float]], None],
) -> Trained:
    trainer = new_trainer(tensors, replicas, candidates, settings)
    fold = [replica.fold for replica in replicas]
    deviation = torch.tensor(tensors.data.scale.deviation[fold, 0])
    scale = deviation.repeat(len(candidates)).to(settings.device)
    curves = []
    for number, train, valid in trainer.run():
        epoch = EpochErrors(number, train * scale, valid * scale)
        curves.append(epoch)
        after_epoch(epoch.valid.tolist())
    shape = (len(candidates), len(replicas), settings.epochs)
    return Trained(
        {
            name: tensor.cpu().numpy().reshape(*shape[:2], *tensor.shape[1:])
            for name, tensor in trainer.stack.tensors().items()
        },
        predictions(trainer, tensors, replicas),
        np.array([epoch.train.tolist() for epoch in curves]).T.reshape(shape),
        np.array([epoch.valid.tolist() for epoch in curves]).T.reshape(shape),
    )


def new_trainer(
    tensors: FoldTensors,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
) -> Trainer:
    """Return an untrained stack of all candidates and replicas.

    The number of batches is that of the smallest fold of all, not of these replicas, on
    which no number of a network may depend.
    """
    data, fold = tensors.data, [replica.fold for replica in replicas]
    return Trainer(
        train=_rows(tensors, fold, [each.train for each in data.folds]),
        valid=_rows(tensors, fold, [each.valid for each in data.folds]),
        candidates=candidates,
        seeds=[replica_seed(settings.seed, replica) for replica in replicas],
        loss=huber_loss(tensors.delta[fold], data.metric.loss.power),
        hidden=settings.hidden,
        schedule=Schedule(settings.epochs, settings.batches, settings.warm_up),
        adamw=AdamWOptions(settings.adam_betas, tensors.decay[fold]),
    )


def _rows(tensors: FoldTensors, fold: list[int], parts: list[np.ndarray]) -> Rows:
    """Return the rows of the folds in `fold`, given the row numbers of every fold."""
    return Rows(
        tensors.inputs,
        tensors.targets,
        torch.tensor(fold, device=tensors.targets.device),
        [torch.from_numpy(parts[number]) for number in fold],
        max(map(len, parts)),
    )


def predictions(
    trainer: Trainer, tensors: FoldTensors, replicas: Sequence[Replica]
) -> np.ndarray:
    """Return standardised predictions, shape (candidates, replicas, all rows).

    They are NaN for the rows that a network was trained on, which nothing uses.
    """
    fold = [replica.fold for replica in replicas]
    unseen = tensors.data.unseen[fold]
    device = tensors.targets.device
    of_fold, rows = (torch.tensor(part, device=device) for part in (fold, unseen))
    stacks = [each.stack for each in trainer.candidate_trainers]
    predicted = np.full((len(stacks), *tensors.targets[fold].shape), np.nan)
    found = predict_rows(stacks, tensors.inputs, of_fold, rows)
    np.put_along_axis(predicted, unseen[None], found, 2)
    return predicted


def predicted_by_all(
    trained: Trained,
    tensors: FoldTensors,
    replicas: Sequence[Replica],
    rows: np.ndarray,
) -> np.ndarray:
    """Return what every network predicts for the same rows, without dropout.

    Rows that a network was trained on are encoded as they were in training.

    Args:
        trained: the networks.
        tensors: the rows of all folds.
        replicas: the fold and seed of each network.
        rows: the row numbers, shape (n,).

    Returns:
        Standardised predictions, shape (candidates, replicas, n).
    """
    device = tensors.targets.device
    fold = torch.tensor([replica.fold for replica in replicas], device=device)
    stacks = [
        StackedMLP.from_tensors(
            {
                name: torch.from_numpy(array[candidate]).to(device)
                for name, array in trained.weights.items()
            }
        )
        for candidate in range(len(trained.predicted))
    ]
    index = torch.from_numpy(rows).to(device).expand(len(fold), -1)
    return predict_rows(stacks, tensors.inputs, fold, index)


def diverged_epochs(trained: Trained, unseen: np.ndarray) -> np.ndarray:
    """Return the epoch in which each network diverged, 0 for none, [λ, replicas].

    A network has diverged if one of its errors or predictions is not finite. Clipping
    to the target bounds must not hide that.

    Args:
        trained: all networks.
        unseen: shape (replicas, n), the rows that each network predicts.
    """
    predicted = np.take_along_axis(trained.predicted, unseen[None], 2)
    finite = np.isfinite(trained.train) & np.isfinite(trained.valid)
    finite[..., -1] &= np.isfinite(predicted).all(-1)
    return np.asarray(np.where(finite.all(-1), 0, finite.argmin(-1) + 1))


def mean_over_seeds(predicted: np.ndarray, settings: Settings) -> np.ndarray:
    """Average the networks of each fold: [λ, replicas, n] -> [λ, folds, n]."""
    candidates, _, rows = predicted.shape
    shape = (candidates, settings.folds, settings.seeds, rows)
    return np.asarray(predicted.reshape(shape).mean(axis=2))
