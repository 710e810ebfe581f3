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


class Block(NamedTuple):
    """What the networks of a block have in common, and other blocks may not."""

    weight_decay: float  # λ, decoupled
    lr: float
    dropout: float


class Epoch(NamedTuple):
    """Root mean squared errors after an epoch, in the target's unit, [M] each."""

    number: int
    train: Tensor
    valid: Tensor


class Learner:
    """The networks of one block, C of them, and what moves them.

    The loss of a network is the weighted mean over its batch of its heads' losses,
    Huber's (1964) with a bend: houses sold far off their worth pull no harder.
    """

    def __init__(
        self, block: Block, stack: StackedMLP, backward: Backward, bend: Tensor
    ) -> None:
        """Share the stack's memory, and with other blocks that of the backward pass."""
        self.block, self.stack = block, stack
        self._backward = backward
        self._bend, self._other_bend = bend, -bend
        self._optimizer = AdamW(
            stack, backward.gradients, lr=block.lr, weight_decay=block.weight_decay
        )

    def step(
        self, batch: Batch, chances: Sequence[Tensor], share: float, errors: Tensor
    ) -> None:
        """Move every network once.

        Args:
            batch: of each network.
            chances: a number in 0 to 1 for each unit of the hidden layers.
            share: of the learning rate.
            errors: [2, C, B], where those of the heads before the move are written.
        """
        masks = dropout_masks(chances, self.block.dropout)
        backward, slope = self._backward, self._backward.slope
        heads = backward.heads(self.stack, batch.inputs, masks)
        torch.sub(heads, batch.targets, out=errors)
        torch.clamp(errors, self._other_bend, self._bend, out=slope)
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
        blocks: Sequence[Block],
        seeds: Sequence[int],
        bend: Tensor,
        hidden: Sequence[int],
        epochs: int,
        batches: int,
    ) -> None:
        """Draw the initial weights; each block starts from the same.

        Args:
            train: rows to learn from, of each cell.
            valid: rows to score only; where a cell has none, its score is NaN.
            blocks: their networks lie one block after the other. Where any has dropout,
                all draw for it, so one without trains on other batches than alone.
            seeds: of each cell: of its weights, batches and dropout.
            bend: [C], the error at which the loss turns from squared to absolute.
            hidden: widths of the hidden layers.
            epochs: passes over the rows.
            batches: steps an epoch.
        """
        self.train, self.valid = train, valid
        self.epochs, self.batches = epochs, batches
        self.epoch = 0
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.device = train.targets.device
        cells, d_in = len(seeds), train.inputs.d_in
        drawn = StackedMLP.drawn(self.generators, d_in, hidden)
        members = torch.arange(cells).repeat(len(blocks))
        self.stack = drawn[members].to(str(self.device))
        self._train_batches = Batches(train, batches, beside=sum(hidden))
        width = self._train_batches.width
        self.backward = Backward(cells, width, d_in, hidden, str(self.device))
        bends = bend.float().to(self.device)[:, None]
        self.learners = [
            Learner(
                block,
                self.stack[place * cells : (place + 1) * cells],
                self.backward,
                bends,
            )
            for place, block in enumerate(blocks)
        ]
        self._drops = any(block.dropout for block in blocks)
        self._valid_batches = Batches(valid, max(1, -(-valid.longest // SCORED_ROWS)))

    def networks(self, place: int) -> StackedMLP:
        """The networks of a block, sharing the stack's memory."""
        return self.learners[place].stack

    def keep(self, places: Sequence[int]) -> None:
        """Train on with these blocks only; in the stack the others rest as they are."""
        self.learners = [self.learners[place] for place in places]

    def run(self) -> Iterator[Epoch]:
        """Train to the end, yielding the scores after each epoch."""
        while self.epoch < self.epochs:
            yield self.step_epoch()

    def step_epoch(self) -> Epoch:
        """Train for one epoch, and score."""
        trained = self.train_epoch()
        return Epoch(self.epoch, trained, self._score())

    @torch.no_grad()
    def train_epoch(self) -> Tensor:
        """Learn from every row once, in an order drawn anew; the errors on the way.

        Of the batches that are gathered together a block sees all before the next block
        does: its networks stay in the cache for as long.
        """
        squares = self._zeros()
        done = 0
        for batches in self._train_batches.shuffled(self.generators):
            chances = [self._chances(batch.targets.shape[1]) for batch in batches]
            steps = [
                self.epoch + (done + n) / self.batches for n in range(len(batches))
            ]
            shares = [schedule(step / self.epochs) for step in steps]
            weight = torch.stack([batch.weight for batch in batches])
            shape = (len(self.learners), len(batches), 2, *weight.shape[1:])
            errors = torch.empty(shape, device=self.device)
            for learner, own in zip(self.learners, errors, strict=True):
                for each in zip(batches, chances, shares, own, strict=True):
                    learner.step(*each)
            squares += squared(errors, weight)
            done += len(batches)
        self.epoch += 1
        return self._root_mean(squares, self.train)

    def _chances(self, rows: int) -> list[Tensor]:
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
            for place, learner in enumerate(self.learners):
                errors = predict(learner.stack, batch.inputs) - batch.targets
                squares[place] += (batch.weight * errors**2).sum(1)
        return self._root_mean(squares, self.valid)

    def _zeros(self) -> Tensor:
        shape = (len(self.learners), len(self.generators))
        return torch.zeros(shape, device=self.device)

    def _root_mean(self, squares: Tensor, rows: Rows) -> Tensor:
        return (squares / rows.totals().to(self.device)).sqrt().flatten()


def squared(errors: Tensor, weight: Tensor) -> Tensor:
    """Sums [blocks, C] of the squared errors of the heads' mean.

    Shapes: errors [blocks, batches, 2, C, B], weight [batches, C, B].
    """
    return (weight * errors.mean(2) ** 2).sum(3).sum(1)


def dropout_masks(chances: Sequence[Tensor], dropout: float) -> list[Tensor]:
    """Inverted dropout: 0 where a unit goes, 1 / (1 - dropout) where it stays."""
    if dropout == 0:
        return []
    return [(chance >= dropout) / (1 - dropout) for chance in chances]


def schedule(way: float) -> float:
    """The learning rate's share at a point of the way, 0 to 1.

    It rises over the first twentieth, while Adam's averages fill, then falls to 0 along
    a cosine (Loshchilov and Hutter, SGDR, 2017).
    """
    return min(1.0, way / WARM_UP) * (1 + math.cos(math.pi * way)) / 2


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
    for some, places, block in inputs.blocks(fold, rows):
        number = places.stop - places.start
        for place, stack in enumerate(stacks):
            own = predict(stack[some], block)[:, :number]
            predicted[place, some, places] = own.cpu().numpy()
    return predicted
