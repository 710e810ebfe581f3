"""Train the cells of a cross-validation, fold by seed, in parts side by side."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise, product
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from joblib import Parallel, delayed

from pipeline.core.settings import Settings
from pipeline.network.batches import Rows
from pipeline.network.trainer import Candidate, EpochErrors, Trainer, predict_rows
from pipeline.validation.fold_data import FoldData

HUBER_DELTA = 0.07  # in log price: up to here the loss is squared, beyond it absolute


class Replica(NamedTuple):
    """A fold and the number of a network in it."""

    fold: int
    seed: int


class Trained(NamedTuple):
    """What training leaves, for each block and cell.

    Shapes: weights, each [blocks, cells, ...]; log_price [blocks, cells, rows + test
    rows], NaN for the rows that a network has learned; train and valid [blocks, cells,
    epochs], the learning curves in log-RMSE.
    """

    weights: dict[str, np.ndarray]
    log_price: np.ndarray
    train: np.ndarray
    valid: np.ndarray


Callback = Callable[[int, EpochErrors], None]  # the number of a part, and its scores
T = TypeVar("T")


def train_replicas(
    encoded: FoldData,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
    callback: Callback,
    jobs: int,
) -> Trained:
    """Train every block on every cell, in parts side by side, `jobs` at most.

    A network's numbers do not depend on the cut. Of `settings`, the shape of the
    networks and the length of training count; λ and the like are the blocks'.

    Threads do: torch computes without Python's lock.
    """
    across, down = even_cut(len(candidates), len(replicas), jobs)
    parts = list(product(_pieces(candidates, across), _pieces(replicas, down)))
    done = Parallel(n_jobs=len(parts), backend="threading")(
        delayed(_train_part)(
            encoded, own_cells, own_blocks, settings, partial(callback, n)
        )
        for n, (own_blocks, own_cells) in enumerate(parts)
    )
    rows = [done[start : start + down] for start in range(0, len(done), down)]
    return _joined([_joined(row, 1) for row in rows], 0)


def even_cut(candidates: int, replicas: int, jobs: int) -> tuple[int, int]:
    """Into how many pieces to cut blocks and cells: so that the largest part is small.

    A part has two cells at least, since torch multiplies a single matrix by another
    routine, which rounds differently. Of cuts as good, the one with fewer pieces of
    blocks is best, since each of these gathers the batches of its cells anew.
    """
    cuts = [
        (across, max(1, min(jobs // across, replicas // 2)))
        for across in range(1, min(candidates, jobs) + 1)
    ]
    return min(cuts, key=lambda cut: -(-candidates // cut[0]) * -(-replicas // cut[1]))


def _pieces(items: Sequence[T], number: int) -> list[Sequence[T]]:
    cuts = [len(items) * piece // number for piece in range(number + 1)]
    return [items[begin:end] for begin, end in pairwise(cuts)]


def _joined(parts: Sequence[Trained], axis: int) -> Trained:
    weights = {
        name: np.concatenate([part.weights[name] for part in parts], axis)
        for name in parts[0].weights
    }
    arrays = zip(*(part[1:] for part in parts), strict=True)
    return Trained(weights, *(np.concatenate(each, axis) for each in arrays))


def _train_part(
    encoded: FoldData,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
    callback: Callable[[EpochErrors], None],
) -> Trained:
    trainer = new_trainer(encoded, replicas, candidates, settings)
    deviation = torch.tensor(
        encoded.deviation[[replica.fold for replica in replicas], 0]
    )
    scale = deviation.repeat(len(candidates)).to(settings.device)
    curves = []
    for number, train, valid in trainer.run():
        epoch = EpochErrors(number, train * scale, valid * scale)
        curves.append(epoch)
        callback(epoch)
    shape = (len(candidates), len(replicas), settings.epochs)
    return Trained(
        {
            name: tensor.cpu().numpy().reshape(*shape[:2], *tensor.shape[1:])
            for name, tensor in trainer.stack.tensors().items()
        },
        log_predictions(trainer, encoded, replicas),
        np.array([epoch.train.tolist() for epoch in curves]).T.reshape(shape),
        np.array([epoch.valid.tolist() for epoch in curves]).T.reshape(shape),
    )


def new_trainer(
    encoded: FoldData,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
) -> Trainer:
    """A trainer of every block on every cell, at its start."""
    fold = [replica.fold for replica in replicas]
    # Of all folds, not of these cells': a part of the stack must not see its cut.
    smallest = min(len(each.train) for each in encoded.folds)
    return Trainer(
        train=_rows(encoded, fold, [each.train for each in encoded.folds]),
        valid=_rows(encoded, fold, [each.valid for each in encoded.folds]),
        candidates=candidates,
        seeds=[_replica_seed(settings.seed, replica) for replica in replicas],
        delta=torch.tensor(HUBER_DELTA / encoded.deviation[fold, 0]),
        hidden=settings.hidden,
        epochs=settings.epochs,
        batches=max(1, smallest // settings.batch_size),
    )


def _replica_seed(seed: int, replica: Replica) -> int:
    """A seed for what the network is; λ is left out, so that every λ starts alike."""
    state = np.random.SeedSequence([seed, replica.fold, replica.seed])
    return int(state.generate_state(1, np.uint64)[0] >> 1)


def _rows(encoded: FoldData, fold: list[int], parts: list[np.ndarray]) -> Rows:
    """The rows of some folds, given those of all."""
    return Rows(
        encoded.inputs,
        encoded.targets,
        torch.tensor(fold, device=encoded.targets.device),
        [torch.from_numpy(parts[number]) for number in fold],
        max(map(len, parts)),
    )


def log_predictions(
    trainer: Trainer, encoded: FoldData, replicas: Sequence[Replica]
) -> np.ndarray:
    """The log price each network predicts, [blocks, cells, rows + test rows].

    NaN for the rows that it has learned: nobody asks about these.
    """
    fold = [replica.fold for replica in replicas]
    own, rows = (
        torch.tensor(each, device=encoded.targets.device)
        for each in (fold, encoded.unseen[fold])
    )
    stacks = [
        candidate_trainer.stack for candidate_trainer in trainer.candidate_trainers
    ]
    standard = predict_rows(stacks, encoded.inputs, own, rows)
    shape = (len(stacks), len(replicas), encoded.targets.shape[1])
    log_price = np.full(shape, np.nan)
    predicted = standard * encoded.deviation[fold] + encoded.mean[fold]
    np.put_along_axis(log_price, encoded.unseen[None, fold], predicted, 2)
    return log_price
