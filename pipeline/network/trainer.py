"""Train a stack of networks: a trainer that does an epoch at a time.

The networks of a stack are blocks of cells. A cell is a fold and a seed: it says which
rows a network learns, in which order, and from which weights. A block is what the
search is about, λ, learning rate and dropout, and holds one network for each cell. So
all blocks read the same batches, which are gathered once for all of them.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pipeline.network.adamw import AdamW
from pipeline.network.backward import Backward
from pipeline.network.batches import Batch, Batches, Rows
from pipeline.network.inputs import Inputs
from pipeline.network.stacked_mlp import StackedMLP

SCORED_ROWS = 4096  # of a cell, at a time
WARM_UP = 0.05  # of all steps


class Candidate(NamedTuple):
    """What the networks of a block have in common, and other blocks may not."""

    weight_decay: float  # λ, decoupled
    lr: float
    dropout: float


class EpochErrors(NamedTuple):
    """Root mean squared errors after an epoch, in the target's unit, [M] each."""

    number: int
    train: Tensor
    valid: Tensor


class CandidateTrainer:
    """The networks of one block, C of them, and what moves them.

    The loss of a network is the weighted mean over its batch of its heads' losses,
    Huber's (1964) with a bend: houses sold far off their worth pull no harder.
    """

    def __init__(
        self, candidate: Candidate, stack: StackedMLP, backward: Backward, delta: Tensor
    ) -> None:
        """Share the stack's memory, and with other blocks that of the backward pass."""
        self.candidate, self.stack = candidate, stack
        self._backward = backward
        self._delta, self._minus_delta = delta, -delta
        self._optimizer = AdamW(
            stack,
            backward.gradients,
            lr=candidate.lr,
            weight_decay=candidate.weight_decay,
        )

    def step(
        self,
        batch: Batch,
        dropout_noise: Sequence[Tensor],
        share: float,
        errors: Tensor,
    ) -> None:
        """Move every network once.

        Args:
            batch: of each network.
            dropout_noise: a number in 0 to 1 for each unit of the hidden layers.
            share: of the learning rate.
            errors: [2, C, B], where those of the heads before the move are written.
        """
        masks = dropout_masks(dropout_noise, self.candidate.dropout)
        backward, slope = self._backward, self._backward.slope
        heads = backward.heads(self.stack, batch.inputs, masks)
        torch.sub(heads, batch.targets, out=errors)
        torch.clamp(errors, self._minus_delta, self._delta, out=slope)
        slope *= batch.share
        backward.backward(self.stack, batch.inputs, masks)
        self._optimizer.step(share)


class Trainer:
    """Trains blocks of cells, M = blocks × cells networks, an epoch at a time."""

    def __init__(
        self,
        *,
        train: Rows,
        valid: Rows,
        candidates: Sequence[Candidate],
        seeds: Sequence[int],
        delta: Tensor,
        hidden: Sequence[int],
        epochs: int,
        batches: int,
    ) -> None:
        """Draw the initial weights; each block starts from the same.

        Args:
            train: rows to learn from, of each cell.
            valid: rows to score only; where a cell has none, its score is NaN.
            candidates: their networks lie one candidate after the other. Where any has
                dropout, all draw for it, so one without trains on other batches than
                alone.
            seeds: of each cell: of its weights, batches and dropout.
            delta: [C], the error at which the loss turns from squared to absolute.
            hidden: widths of the hidden layers.
            epochs: passes over the rows.
            batches: steps an epoch.
        """
        self.train, self.valid = train, valid
        self.epochs, self.batches = epochs, batches
        self.epoch = 0
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.device = train.targets.device
        replicas, d_in = len(seeds), train.inputs.d_in
        initialised = StackedMLP.initialised(self.generators, d_in, hidden)
        members = torch.arange(replicas).repeat(len(candidates))
        self.stack = initialised[members].to(str(self.device))
        self._train_batches = Batches(train, batches, beside=sum(hidden))
        width = self._train_batches.width
        self.backward = Backward(replicas, width, d_in, hidden, str(self.device))
        deltas = delta.float().to(self.device)[:, None]
        self.candidate_trainers = [
            CandidateTrainer(
                candidate,
                self.stack[index * replicas : (index + 1) * replicas],
                self.backward,
                deltas,
            )
            for index, candidate in enumerate(candidates)
        ]
        self._drops = any(candidate.dropout for candidate in candidates)
        self._valid_batches = Batches(valid, max(1, -(-valid.longest // SCORED_ROWS)))

    def networks(self, index: int) -> StackedMLP:
        """The networks of a block, sharing the stack's memory."""
        return self.candidate_trainers[index].stack

    def keep(self, indices: Sequence[int]) -> None:
        """Train on with these blocks only; in the stack the others rest as they are."""
        self.candidate_trainers = [self.candidate_trainers[index] for index in indices]

    def run(self) -> Iterator[EpochErrors]:
        """Train to the end, yielding the scores after each epoch."""
        while self.epoch < self.epochs:
            yield self.step_epoch()

    def step_epoch(self) -> EpochErrors:
        """Train for one epoch, and score."""
        trained = self.train_epoch()
        return EpochErrors(self.epoch, trained, self._score())

    @torch.no_grad()
    def train_epoch(self) -> Tensor:
        """Learn from every row once, in an order drawn anew; the errors on the way.

        Of the batches that are gathered together a block sees all before the next block
        does: its networks stay in the cache for as long.
        """
        squares = self._zeros()
        done = 0
        for batches in self._train_batches.shuffled(self.generators):
            dropout_noise = [
                self._dropout_noise(batch.targets.shape[1]) for batch in batches
            ]
            steps = [
                self.epoch + (done + n) / self.batches for n in range(len(batches))
            ]
            shares = [schedule(step / self.epochs) for step in steps]
            weight = torch.stack([batch.weight for batch in batches])
            shape = (len(self.candidate_trainers), len(batches), 2, *weight.shape[1:])
            errors = torch.empty(shape, device=self.device)
            for candidate_trainer, own in zip(
                self.candidate_trainers, errors, strict=True
            ):
                for each in zip(batches, dropout_noise, shares, own, strict=True):
                    candidate_trainer.step(*each)
            squares += squared_errors(errors, weight)
            done += len(batches)
        self.epoch += 1
        return self._root_mean(squares, self.train)

    def _dropout_noise(self, rows: int) -> list[Tensor]:
        """A number in 0 to 1 for each unit of each cell, the same for all blocks."""
        if not self._drops:
            return []
        return [
            torch.stack(
                [torch.rand(rows, layer.shape[2], generator=g) for g in self.generators]
            ).to(self.device)
            for layer in self.stack.layers
        ]

    def _score(self) -> Tensor:
        """Root mean squared error of each network on its validation rows, [M]."""
        squares = self._zeros()
        for batch in chain.from_iterable(self._valid_batches.in_order()):
            for index, candidate_trainer in enumerate(self.candidate_trainers):
                errors = predict(candidate_trainer.stack, batch.inputs) - batch.targets
                squares[index] += (batch.weight * errors**2).sum(1)
        return self._root_mean(squares, self.valid)

    def _zeros(self) -> Tensor:
        shape = (len(self.candidate_trainers), len(self.generators))
        return torch.zeros(shape, device=self.device)

    def _root_mean(self, squares: Tensor, rows: Rows) -> Tensor:
        return (squares / rows.totals().to(self.device)).sqrt().flatten()


def squared_errors(errors: Tensor, weight: Tensor) -> Tensor:
    """Sums [blocks, C] of the squared errors of the heads' mean.

    Shapes: errors [blocks, batches, 2, C, B], weight [batches, C, B].
    """
    return (weight * errors.mean(2) ** 2).sum(3).sum(1)


def dropout_masks(dropout_noise: Sequence[Tensor], dropout: float) -> list[Tensor]:
    """Inverted dropout: 0 where a unit goes, 1 / (1 - dropout) where it stays."""
    if dropout == 0:
        return []
    return [(chance >= dropout) / (1 - dropout) for chance in dropout_noise]


def schedule(progress: float) -> float:
    """The learning rate's share at a point of the way, 0 to 1.

    It rises over the first twentieth, while Adam's averages fill, then falls to 0 along
    a cosine (Loshchilov and Hutter, SGDR, 2017).
    """
    return min(1.0, progress / WARM_UP) * (1 + math.cos(math.pi * progress)) / 2


@torch.no_grad()
def predict(stack: StackedMLP, inputs: Tensor) -> Tensor:
    """The mean of each network's heads: [M, rows, d_in] -> [M, rows]."""
    return stack.heads(inputs).mean(0)


def predict_rows(
    stacks: Sequence[StackedMLP], inputs: Inputs, fold: Tensor, rows: Tensor
) -> np.ndarray:
    """What stacks of C networks predict for their rows [C, n], [stacks, C, n].

    Network c reads the inputs as fold[c] does. They are gathered once for all stacks.
    """
    predicted = np.empty((len(stacks), *rows.shape))
    for some, indices, candidate in inputs.blocks(fold, rows):
        number = indices.stop - indices.start
        for index, stack in enumerate(stacks):
            own = predict(stack[some], candidate)[:, :number]
            predicted[index, some, indices] = own.cpu().numpy()
    return predicted
