"""Train a stack of networks: a trainer that does an epoch at a time.

The networks of a stack are blocks of cells. A cell is a fold and a seed: it says which
rows a network learns, in which order, and from which weights. A block is what the
search is about, λ, learning rate and dropout, and holds one network for each cell. So
all blocks read the same batches, which are gathered once for all of them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from pipeline.gradients import Backward
from pipeline.inputs import Inputs
from pipeline.network import StackedMLP

WARM_UP = 0.05  # of all steps
WIDE_PACE = 3.0  # of the learning rate, for the wide head, which starts from 0
BETAS = (0.9, 0.99)  # a short memory for squared gradients: runs are short


class Batch(NamedTuple):
    """Inputs [C, B, d_in], targets [C, B], and rows' weights [C, B], 0 for padding."""

    inputs: Tensor
    targets: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Rows:
    """The rows of each cell, which reads the inputs as its own fold's encoder does.

    Shapes: targets [folds, all rows]; fold [C], the fold of each cell; rows, C lists
    of row numbers. `longest` is the length of the longest list of all cells of a run,
    in whatever part they are: lists are padded by it, since sums over more zeros may
    round differently. weights [all rows], more than 0, say how much a row counts in the
    loss and in the errors; without them all count alike.
    """

    inputs: Inputs
    targets: Tensor
    fold: Tensor
    rows: list[Tensor]
    longest: int
    weights: Tensor | None = None

    def shuffled(self, generators: Sequence[torch.Generator]) -> "Rows":
        """The same rows, each cell's in an order drawn from its own generator."""
        rows = [
            own[torch.randperm(len(own), generator=generator)]
            for own, generator in zip(self.rows, generators, strict=True)
        ]
        return replace(self, rows=rows)

    def batches(self, number: int) -> Iterator[Batch]:
        """Cut each cell's rows into `number` batches as even as can be, then pad them.

        (A short last batch would move the weights as far as a full one.)
        """
        width = -(-self.longest // number)
        cuts = [own.tensor_split(number) for own in self.rows]
        for pieces in zip(*cuts, strict=True):
            yield self._gather(pieces, width)

    def totals(self) -> Tensor:
        """What the rows of each cell weigh together, [C]."""
        if self.weights is None:
            return torch.tensor([len(own) for own in self.rows])
        return torch.stack([self.weights[own].sum() for own in self.rows])

    def all(self) -> Batch:
        """All rows of each cell as one batch."""
        return self._gather(self.rows, self.longest)

    def _gather(self, pieces: Sequence[Tensor], width: int) -> Batch:
        """Look up the rows, padded to a width."""
        device = self.targets.device
        index = pad_sequence([*pieces, torch.zeros(width).long()], batch_first=True)
        index = index[:-1].to(device)
        lengths = torch.tensor([len(piece) for piece in pieces], device=device)
        weight = (torch.arange(width, device=device) < lengths[:, None]).float()
        if self.weights is not None:
            weight *= self.weights[index]
        targets = self.targets[self.fold[:, None], index]
        return Batch(self.inputs.gather(self.fold, index), targets, weight)


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


class Trainer:
    """Trains blocks of cells, M = blocks × cells networks, an epoch at a time.

    The loss of a network is the weighted mean over its batch of its heads' losses,
    Huber's (1964) with a bend: houses sold far off their worth pull no harder. The
    optimizer is AdamW (Loshchilov and Hutter 2019), with decay on weights and not on
    biases. Adam works element by element, so a network moves as it would alone.
    """

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
            blocks: their networks lie one block after the other.
            seeds: of each cell: of its weights, batches and dropout.
            bend: [C], the error at which the loss turns from squared to absolute.
            hidden: widths of the hidden layers.
            epochs: passes over the rows.
            batches: steps an epoch.
        """
        self.train, self.valid = train, valid.all()
        self.blocks = list(blocks)
        self._places = list(range(len(blocks)))  # in the stack
        self._drops = any(block.dropout for block in blocks)
        self.epochs, self.batches = epochs, batches
        self.cells = len(seeds)
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        device = train.targets.device
        self.bend = bend.float().to(device)[:, None, None]
        d_in = train.inputs.d_in
        drawn = StackedMLP.drawn(self.generators, d_in, hidden)
        members = torch.arange(self.cells).repeat(len(self.blocks))
        self.stack = drawn[members].to(str(device))
        rows = -(-train.longest // batches)
        self.backward = Backward(self.cells, rows, d_in, hidden, str(device))
        self.optimizers = [
            optimizer_of(self.networks(place), self.backward.gradients, block)
            for place, block in enumerate(self.blocks)
        ]
        self.epoch = 0

    def networks(self, block: int) -> StackedMLP:
        """The networks of a block, sharing the stack's memory."""
        place = self._places[block]
        return self.stack[place * self.cells : (place + 1) * self.cells]

    def keep(self, places: Sequence[int]) -> None:
        """Train on with these blocks only; in the stack the others rest as they are."""
        self.blocks = [self.blocks[place] for place in places]
        self.optimizers = [self.optimizers[place] for place in places]
        self._places = [self._places[place] for place in places]

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
        """Learn from every row once, in an order drawn anew; the errors on the way."""
        squares = torch.zeros(len(self.blocks), self.cells, device=self.bend.device)
        batches = self.train.shuffled(self.generators).batches(self.batches)
        for place, batch in enumerate(batches):
            way = (self.epoch + place / self.batches) / self.epochs
            squares += self._step(batch, schedule(way))
        self.epoch += 1
        return (squares / self.train.totals().to(squares.device)).sqrt().flatten()

    def _step(self, batch: Batch, share: float) -> Tensor:
        """One step of every block; the squared errors before it, [blocks, C]."""
        chances = self._chances(batch.targets.shape[1])
        counted = (batch.weight / batch.weight.sum(1, keepdim=True))[..., None]
        squares = []
        for place, (block, optimizer) in enumerate(
            zip(self.blocks, self.optimizers, strict=True)
        ):
            stack = self.networks(place)
            masks = dropout_masks(chances, block.dropout)
            heads = self.backward.heads(stack, batch.inputs, masks)
            errors = heads - batch.targets[..., None]
            slope = errors.clamp(-self.bend, self.bend) * counted
            self.backward.backward(stack, batch.inputs, masks, slope)
            for group in optimizer.param_groups:
                group["lr"] = group["pace"] * block.lr * share
            optimizer.step()
            squares.append((batch.weight * errors.mean(2) ** 2).sum(1))
        return torch.stack(squares)

    def _chances(self, rows: int) -> list[Tensor]:
        """A number in 0 to 1 for each unit of each cell, the same for all blocks."""
        if not self._drops:
            return []
        device = self.bend.device
        return [
            torch.stack(
                [torch.rand(rows, layer.shape[2], generator=g) for g in self.generators]
            ).to(device)
            for layer in self.stack.layers
        ]

    def _score(self) -> Tensor:
        """Root mean squared error of each network on its validation rows, [M]."""
        scores = []
        for place in range(len(self.blocks)):
            predicted = predict(self.networks(place), self.valid.inputs)
            squares = self.valid.weight * (predicted - self.valid.targets) ** 2
            scores.append((squares.sum(1) / self.valid.weight.sum(1)).sqrt())
        return torch.cat(scores)


def dropout_masks(chances: Sequence[Tensor], dropout: float) -> list[Tensor]:
    """Inverted dropout: 0 where a unit goes, 1 / (1 - dropout) where it stays."""
    if dropout == 0:
        return []
    return [(chance >= dropout) / (1 - dropout) for chance in chances]


def optimizer_of(
    stack: StackedMLP, gradients: StackedMLP, block: Block
) -> torch.optim.AdamW:
    """Torch's AdamW on a block's networks, with their gradients attached."""
    found = gradients.tensors()
    for name, parameter in stack.tensors().items():
        parameter.grad = found[name]
    decay = block.weight_decay
    deep = [*stack.layers, stack.output]
    return torch.optim.AdamW(
        [
            {"params": deep, "weight_decay": decay, "pace": 1.0},
            {"params": [stack.wide], "weight_decay": decay, "pace": WIDE_PACE},
            {"params": [stack.biases], "weight_decay": 0.0, "pace": 1.0},
        ],
        betas=BETAS,
        fused=True,
    )


def schedule(way: float) -> float:
    """The learning rate's share at a point of the way, 0 to 1.

    It rises over the first twentieth, while Adam's averages fill, then falls to 0 along
    a cosine (Loshchilov and Hutter, SGDR, 2017).
    """
    return min(1.0, way / WARM_UP) * (1 + math.cos(math.pi * way)) / 2


@torch.no_grad()
def predict(stack: StackedMLP, inputs: Tensor) -> Tensor:
    """The mean of each network's heads: [M, rows, d_in] -> [M, rows]."""
    return stack.heads(inputs).mean(2)
