"""Train the networks of a cross-validation, in parts that run in parallel."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from joblib import Parallel, delayed

from pipeline.core.metrics import Metric
from pipeline.core.settings import CHOSEN_ON, Settings
from pipeline.network.adamw import AdamWOptions
from pipeline.network.batches import Rows
from pipeline.network.inference import predict_rows
from pipeline.network.loss import huber_loss
from pipeline.network.partition import even_cut, joined, pieces
from pipeline.network.schedule import Schedule
from pipeline.network.trainer import Candidate, EpochErrors, Trainer
from pipeline.validation.fold_data import FoldData

_MOST_BATCHES = 100  # in an epoch


class Replica(NamedTuple):
    """A fold, and the number of a network within it."""

    fold: int
    seed: int


class Trained(NamedTuple):
    """Trained networks, by candidate and replica.

    Shapes: weights, each [candidates, replicas, ...]; transformed [candidates,
    replicas, rows + test rows], the predictions, NaN for the rows that a network was
    trained on; train and valid [candidates, replicas, epochs], the learning curves,
    RMSE.
    """

    weights: dict[str, np.ndarray]
    transformed: np.ndarray
    train: np.ndarray
    valid: np.ndarray


# The number of a part, the steps it has done since the last call, and the RMSE of
# its networks, if it trains any.
Callback = Callable[[int, int, list[float]], None]


def train_replicas(
    fold_data: FoldData,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
    callback: Callback,
    jobs: int,
) -> Trained:
    """Train a network for each candidate and replica.

    The stack is cut into parts, which train in parallel threads: torch computes without
    Python's lock. The numbers of a network do not depend on the cut.

    Args:
        fold_data: the data of each fold.
        replicas: (fold, seed) pairs.
        candidates: weight decay, learning rate and dropout, which replace those of
            `settings`.
        settings: all other hyperparameters.
        callback: called after each epoch of a part.
        jobs: the largest number of parts.
    """
    across, down = even_cut(len(candidates), len(replicas), jobs)
    parts = list(product(pieces(candidates, across), pieces(replicas, down)))
    done = Parallel(n_jobs=len(parts), backend="threading")(
        delayed(_train_part)(
            fold_data, own_replicas, own_candidates, settings, partial(callback, number)
        )
        for number, (own_candidates, own_replicas) in enumerate(parts)
    )
    weights = {
        name: joined([part.weights[name] for part in done], down)
        for name in done[0].weights
    }
    arrays = zip(*(part[1:] for part in done), strict=True)
    return Trained(weights, *(joined(each, down) for each in arrays))


def _train_part(
    fold_data: FoldData,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
    callback: Callable[[int, list[float]], None],
) -> Trained:
    trainer = new_trainer(fold_data, replicas, candidates, settings)
    fold = [replica.fold for replica in replicas]
    deviation = torch.tensor(fold_data.scale.deviation[fold, 0])
    scale = deviation.repeat(len(candidates)).to(settings.device)
    curves = []
    for number, train, valid in trainer.run():
        epoch = EpochErrors(number, train * scale, valid * scale)
        curves.append(epoch)
        callback(len(valid), epoch.valid.tolist())
    shape = (len(candidates), len(replicas), settings.epochs)
    return Trained(
        {
            name: tensor.cpu().numpy().reshape(*shape[:2], *tensor.shape[1:])
            for name, tensor in trainer.stack.tensors().items()
        },
        log_predictions(trainer, fold_data, replicas),
        np.array([epoch.train.tolist() for epoch in curves]).T.reshape(shape),
        np.array([epoch.valid.tolist() for epoch in curves]).T.reshape(shape),
    )


def new_trainer(
    fold_data: FoldData,
    replicas: Sequence[Replica],
    candidates: Sequence[Candidate],
    settings: Settings,
) -> Trainer:
    """Return an untrained stack of all candidates and replicas.

    On a long table the batches are larger than the settings say, so that an epoch has
    no more than `_MOST_BATCHES`.

    Weights decay at each step, and more rows are more steps. So that they decay as much
    in an epoch of a long table, λ is divided by how many more steps it has than House
    Prices (Wang and Aitchison, How to set AdamW's weight decay as you scale model and
    dataset size, 2024).
    """
    folds, fold = fold_data.folds, [replica.fold for replica in replicas]
    # The number of batches is that of the smallest fold of all, not of this part, on
    # which no number of a network may depend.
    smallest = min(len(each.train) for each in folds)
    asked = max(1, smallest // settings.batch_size)
    batches = min(asked, _MOST_BATCHES)
    share = asked / batches * min(1.0, CHOSEN_ON / len(fold_data.fold_of))
    deviation = fold_data.scale.deviation[fold, 0]
    delta = torch.tensor(huber_delta(fold_data.metric, settings, deviation))
    return Trainer(
        train=_rows(fold_data, fold, [each.train for each in folds]),
        valid=_rows(fold_data, fold, [each.valid for each in folds]),
        candidates=[
            each._replace(weight_decay=share * each.weight_decay) for each in candidates
        ],
        seeds=[replica_seed(settings.seed, replica) for replica in replicas],
        loss=huber_loss(delta.to(settings.device)),
        hidden=settings.hidden,
        schedule=Schedule(settings.epochs, batches, settings.warm_up),
        adamw=AdamWOptions(settings.adam_betas, settings.wide_lr_multiplier),
    )


def huber_delta(
    metric: Metric, settings: Settings, deviation: np.ndarray
) -> np.ndarray:
    """Return the threshold of the Huber loss in the unit of the standardised target.

    For logs it is that of the settings. Otherwise the loss is that of the metric: the
    squared error, or with a low threshold nearly the absolute error.

    Args:
        metric: the metric.
        settings: the settings.
        deviation: the standard deviation of each network's transformed targets.
    """
    if metric.log:
        return np.asarray(settings.huber_delta / deviation)
    return np.full_like(deviation, metric.loss.huber)


def replica_seed(seed: int, replica: Replica) -> int:
    """Return the random seed of a replica's networks, the same for every λ."""
    state = np.random.SeedSequence([seed, replica.fold, replica.seed])
    return int(state.generate_state(1, np.uint64)[0] >> 1)


def _rows(fold_data: FoldData, fold: list[int], parts: list[np.ndarray]) -> Rows:
    """Return the rows of the folds in `fold`, given the row numbers of every fold."""
    return Rows(
        fold_data.inputs,
        fold_data.targets,
        torch.tensor(fold, device=fold_data.targets.device),
        [torch.from_numpy(parts[number]) for number in fold],
        max(map(len, parts)),
    )


def log_predictions(
    trainer: Trainer, fold_data: FoldData, replicas: Sequence[Replica]
) -> np.ndarray:
    """Return the transformed predictions, shape (candidates, replicas, all rows).

    They are NaN for the rows that a network was trained on, which nothing uses.
    """
    fold = [replica.fold for replica in replicas]
    own, rows = (
        torch.tensor(each, device=fold_data.targets.device)
        for each in (fold, fold_data.unseen[fold])
    )
    stacks = [each.stack for each in trainer.candidate_trainers]
    standardised = predict_rows(stacks, fold_data.inputs, own, rows)
    shape = (len(stacks), len(replicas), fold_data.targets.shape[1])
    transformed = np.full(shape, np.nan)
    predicted = fold_data.scale.unstandardise(standardised, fold)
    np.put_along_axis(transformed, fold_data.unseen[None, fold], predicted, 2)
    return transformed
