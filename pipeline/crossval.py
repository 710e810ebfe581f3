"""Folds × λ × seeds as one stack: scores, out-of-fold and test predictions."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from torch import Tensor

from pipeline.encode import Encoder, to_matrix
from pipeline.folds import Fold, fold_numbers, make_folds
from pipeline.limits import Limits
from pipeline.metrics import log_rmse
from pipeline.network import StackedMLP
from pipeline.schema import TARGET
from pipeline.settings import Settings
from pipeline.train import Epoch, Recipe, Rows, predict, train_stack

_BLOCK = 4096  # rows predicted at a time
BEND = 0.07  # in log price: up to here the loss is squared, beyond it absolute


class Member(NamedTuple):
    """One network of the stack: its λ, its fold and its number in the fold."""

    weight_decay: float
    fold: int
    seed: int


class Score(NamedTuple):
    """The log-RMSE of a model: on each fold, and pooled over all rows."""

    folds: list[float]
    mean: float
    std: float
    pooled: float
    seconds: float


@dataclass(frozen=True)
class EncodedFolds:
    """All rows as each fold's encoder sees them, and the target as a network learns it.

    Shapes: inputs [folds, rows + test rows, d_in]; targets [folds, rows + test rows],
    the log price less the fold's mean, over its deviation (NaN in test rows); mean and
    deviation [folds, 1]; floor [folds, 1] and ceiling [folds, rows + test rows] bound
    the log price.
    """

    folds: list[Fold]
    columns: list[str]
    encoders: list[Encoder]
    inputs: Tensor
    targets: Tensor
    mean: np.ndarray
    deviation: np.ndarray
    limits: list[Limits]
    floor: np.ndarray
    ceiling: np.ndarray

    @classmethod
    def fit(
        cls, train: pd.DataFrame, test: pd.DataFrame, folds: list[Fold], device: str
    ) -> Self:
        """Learn all that is learned from rows from the training rows of each fold."""
        every = pd.concat([train.drop(columns=TARGET), test], ignore_index=True)
        matrix = to_matrix(every)
        encoders = [Encoder.fit(matrix, fold.train) for fold in folds]
        inputs = np.stack([encoder.transform(matrix.cells) for encoder in encoders])
        log_price = np.log(train[TARGET].to_numpy(float))
        parts = [log_price[fold.train] for fold in folds]
        mean = np.array([[part.mean()] for part in parts])
        deviation = np.array([[max(part.std(), 1e-6)] for part in parts])
        unknown = np.full((len(folds), len(test)), np.nan)
        targets = np.hstack([(log_price - mean) / deviation, unknown])
        where = every["Neighborhood"]
        limits = [Limits.fit(where.iloc[f.train], log_price[f.train]) for f in folds]
        return cls(
            folds=folds,
            columns=matrix.names,
            encoders=encoders,
            inputs=torch.from_numpy(inputs).to(device),
            targets=torch.from_numpy(targets.astype(np.float32)).to(device),
            mean=mean,
            deviation=deviation,
            limits=limits,
            floor=np.array([[each.floor] for each in limits]),
            ceiling=np.stack([each.ceiling_of(where) for each in limits]),
        )

    def bound(self, log_price: np.ndarray) -> np.ndarray:
        """Keep log prices [..., folds, rows + test rows] within the folds' limits."""
        return np.asarray(np.clip(log_price, self.floor, self.ceiling))


class Trained(NamedTuple):
    """What training some members leaves.

    Shapes: weights, each [M, d_in, d_out]; log_price [M, rows + test rows]; train and
    valid [M, epochs], the learning curves in log-RMSE.
    """

    weights: dict[str, Tensor]
    log_price: np.ndarray
    train: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class CrossValidation:
    """What a cross-validation leaves.

    Shapes: fold_of [rows], the fold that validates each row; out_of_fold [λ, rows] and
    test [λ, test rows], in dollars.
    """

    members: list[Member]
    encoded: EncodedFolds
    trained: Trained
    scores: list[Score]
    fold_of: np.ndarray
    out_of_fold: np.ndarray
    test: np.ndarray

    @property
    def best(self) -> int:
        """The place of the λ with the lowest pooled score."""
        return int(np.argmin([score.pooled for score in self.scores]))


Watch = Callable[[Sequence[Member], Epoch], None]


def cross_validate(
    train: pd.DataFrame,
    test: pd.DataFrame,
    settings: Settings,
    watch: Watch,
    jobs: int,
) -> CrossValidation:
    """Train every network on its fold's training rows; predict the rows it never saw.

    Everything that is learned from rows is learned again in every fold. The networks
    are one stack, cut into `jobs` parts that train side by side; a network's numbers do
    not depend on the cut. `watch` gets the log-RMSE of a part after each epoch.
    """
    begin = time.perf_counter()
    folds = make_folds(len(train), settings.folds, settings.seed)
    encoded = EncodedFolds.fit(train, test, folds, settings.device)
    members = members_of(settings)
    trained = _train_parts(members, encoded, settings, watch, jobs)
    shape = (len(settings.lambdas), settings.folds, settings.seeds, -1)
    log_price = encoded.bound(trained.log_price.reshape(shape).mean(axis=2))
    fold_of = fold_numbers(folds)
    out_of_fold = np.exp(log_price[:, fold_of, np.arange(len(train))])
    price = train[TARGET].to_numpy()
    seconds = (time.perf_counter() - begin) / len(settings.lambdas)
    return CrossValidation(
        members=members,
        encoded=encoded,
        trained=trained,
        scores=[
            score_folds(predicted, price, folds, seconds) for predicted in out_of_fold
        ],
        fold_of=fold_of,
        out_of_fold=out_of_fold,
        test=np.exp(log_price[:, :, len(train) :].mean(axis=1)),
    )


def members_of(settings: Settings) -> list[Member]:
    """The networks of a run, λ by λ, fold by fold, seed by seed."""
    folds, seeds = range(settings.folds), range(settings.seeds)
    return [Member(*cell) for cell in product(settings.lambdas, folds, seeds)]


def _train_parts(
    members: list[Member],
    encoded: EncodedFolds,
    settings: Settings,
    watch: Watch,
    jobs: int,
) -> Trained:
    """Train the stack in parts of at least two, each in a thread of its own.

    Threads do: torch computes without Python's lock. A stack of one is left out since
    torch multiplies a single matrix by another routine, which rounds differently.
    """
    parts = max(1, min(jobs, len(members) // 2))
    cuts = [len(members) * part // parts for part in range(parts + 1)]
    done = Parallel(n_jobs=parts, backend="threading")(
        delayed(_train_part)(members[begin:end], encoded, settings, watch)
        for begin, end in pairwise(cuts)
    )
    return Trained(
        {
            name: torch.cat([part.weights[name] for part in done])
            for name in done[0].weights
        },
        *(
            np.concatenate(arrays)
            for arrays in zip(*(p[1:] for p in done), strict=True)
        ),
    )


def _train_part(
    members: list[Member], encoded: EncodedFolds, settings: Settings, watch: Watch
) -> Trained:
    stack = StackedMLP(
        seeds=[_cell_seed(settings.seed, member) for member in members],
        d_in=encoded.inputs.shape[-1],
        hidden=settings.hidden,
        dropout=settings.dropout,
    ).to(settings.device)
    curves = []
    for epoch in _epochs(stack, members, encoded, settings):
        curves.append(epoch)
        watch(members, epoch)
    return Trained(
        {name: tensor.cpu() for name, tensor in stack.state_dict().items()},
        _log_predictions(stack, members, encoded),
        np.array([epoch.train.tolist() for epoch in curves]).T,
        np.array([epoch.valid.tolist() for epoch in curves]).T,
    )


def _cell_seed(seed: int, member: Member) -> int:
    """A seed for what the network is; λ is left out, so that every λ starts alike."""
    state = np.random.SeedSequence([seed, member.fold, member.seed])
    return int(state.generate_state(1, np.uint64)[0] >> 1)


def _epochs(
    stack: StackedMLP, members: list[Member], encoded: EncodedFolds, settings: Settings
) -> Iterator[Epoch]:
    """Train the stack on its folds, with the scores turned into log price."""
    fold = [member.fold for member in members]
    deviation = torch.tensor(encoded.deviation[fold, 0], device=settings.device)
    decays = [member.weight_decay for member in members]
    # Of all folds, not of the members' own: a part of the stack must not see its cut.
    smallest = min(len(each.train) for each in encoded.folds)
    recipe = Recipe(
        weight_decay=torch.tensor(decays, device=settings.device),
        bend=BEND / deviation.float(),
        epochs=settings.epochs,
        batches=max(1, smallest // settings.batch_size),
        lr=settings.lr,
    )
    train = _rows(encoded, fold, [encoded.folds[number].train for number in fold])
    valid = _rows(encoded, fold, [encoded.folds[number].valid for number in fold])
    for number, trained, valid_error in train_stack(stack, train, valid, recipe):
        yield Epoch(number, trained * deviation, valid_error * deviation)


def _rows(encoded: EncodedFolds, fold: list[int], rows: list[np.ndarray]) -> Rows:
    own = torch.tensor(fold, device=encoded.inputs.device)
    return Rows(encoded.inputs, encoded.targets, own, [*map(torch.from_numpy, rows)])


def _log_predictions(
    stack: StackedMLP, members: list[Member], encoded: EncodedFolds
) -> np.ndarray:
    """The log price each network predicts for every row, [M, rows + test rows]."""
    fold = [member.fold for member in members]
    starts = range(0, encoded.inputs.shape[1], _BLOCK)
    standard = [
        predict(stack, encoded.inputs[fold, start : start + _BLOCK]).cpu()
        for start in starts
    ]
    scaled = torch.cat(standard, 1).double().numpy() * encoded.deviation[fold]
    return np.asarray(scaled + encoded.mean[fold])


def score_folds(
    predicted: np.ndarray, price: np.ndarray, folds: list[Fold], seconds: float
) -> Score:
    """Score out-of-fold prices [rows] on each fold and on all rows."""
    each = [log_rmse(predicted[fold.valid], price[fold.valid]) for fold in folds]
    mean, std = float(np.mean(each)), float(np.std(each, ddof=1))
    return Score(each, mean, std, log_rmse(predicted, price), seconds)
