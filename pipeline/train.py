"""Train a stack of networks: a loop that yields a record an epoch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from pipeline.network import StackedMLP

WARM_UP = 0.05  # of all steps
WIDE_PACE = 3.0  # of the learning rate, for the wide head, which starts from 0
BETAS = (0.9, 0.99)  # a short memory for squared gradients: runs are short


class Epoch(NamedTuple):
    """Root mean squared errors after an epoch, in the target's unit, [M] each."""

    number: int
    train: Tensor
    valid: Tensor


class Batch(NamedTuple):
    """Inputs [M, B, d_in], targets [M, B], and weights [M, B], 0 for padding."""

    inputs: Tensor
    targets: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Rows:
    """The rows of each member, which reads the inputs of its own fold's encoder.

    Shapes: inputs [folds, all rows, d_in]; targets [folds, all rows]; fold [M], the
    fold of each member; rows, M lists of row numbers.
    """

    inputs: Tensor
    targets: Tensor
    fold: Tensor
    rows: list[Tensor]

    def shuffled(self, generators: list[torch.Generator]) -> "Rows":
        """The same rows, each member's in an order drawn from its own generator."""
        rows = [
            own[torch.randperm(len(own), generator=generator)]
            for own, generator in zip(self.rows, generators, strict=True)
        ]
        return Rows(self.inputs, self.targets, self.fold, rows)

    def batches(self, number: int) -> Iterator[Batch]:
        """Cut each member's rows into `number` batches as even as can be.

        (A short last batch would move the weights as far as a full one.)
        """
        cuts = [own.tensor_split(number) for own in self.rows]
        for pieces in zip(*cuts, strict=True):
            yield self._gather(pieces)

    def all(self) -> Batch:
        """All rows of each member as one batch."""
        return self._gather(self.rows)

    def _gather(self, pieces: Sequence[Tensor]) -> Batch:
        """Pad to one length and look up."""
        device = self.inputs.device
        index = pad_sequence(list(pieces), batch_first=True).to(device)
        lengths = torch.tensor([len(piece) for piece in pieces], device=device)
        weight = torch.arange(index.shape[1], device=device) < lengths[:, None]
        fold = self.fold[:, None]
        return Batch(
            self.inputs[fold, index], self.targets[fold, index], weight.float()
        )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a stack is trained.

    Shapes: weight_decay [M], λ of each member; bend [M], the error at which its loss
    turns from squared to absolute, in the unit of the target.
    """

    weight_decay: Tensor
    bend: Tensor
    epochs: int
    batches: int  # an epoch
    lr: float


def train_stack(
    stack: StackedMLP, train: Rows, valid: Rows, recipe: Recipe
) -> Iterator[Epoch]:
    """Train every member on its rows and yield the scores after each epoch.

    The stack is changed in place. The loss of a member is the mean over the batch of
    its heads' losses; losses are summed over members, and Adam works element by
    element, so each member moves as it would alone.
    """
    optimizer = new_optimizer(stack)
    judged = valid.all()
    for number in range(1, recipe.epochs + 1):
        squares = torch.zeros_like(recipe.bend)
        rows = torch.zeros_like(recipe.bend)
        stack.train()
        batches = train.shuffled(stack.generators).batches(recipe.batches)
        for place, batch in enumerate(batches):
            heads = stack(batch.inputs)
            losses = huber(heads - batch.targets[..., None], recipe.bend).sum(2)
            loss = mean_of_rows(losses, batch.weight).sum()
            way = (number - 1 + place / recipe.batches) / recipe.epochs
            rate = recipe.lr * schedule(way)
            optimizer_step(stack, optimizer, loss, rate, recipe.weight_decay)
            errors = heads.detach().mean(2) - batch.targets
            squares += (batch.weight * errors**2).sum(1)
            rows += batch.weight.sum(1)
        yield Epoch(number, (squares / rows).sqrt(), score(stack, judged))


def mean_of_rows(values: Tensor, weight: Tensor) -> Tensor:
    """The mean of each member's values, without the padding: [M, B] -> [M]."""
    return (values * weight).sum(1) / weight.sum(1)


def huber(errors: Tensor, bend: Tensor) -> Tensor:
    """Half the square up to `bend` [M], then the absolute error (Huber 1964).

    Houses sold far off their worth pull no harder than others. Shape: as the errors.
    """
    size, bend = errors.abs(), bend.view(-1, 1, 1)
    return torch.where(size < bend, errors**2 / 2, bend * (size - bend / 2))


def schedule(way: float) -> float:
    """The learning rate's share at a point of the way, 0 to 1.

    It rises over the first twentieth, while Adam's averages fill, then falls to 0 along
    a cosine (Loshchilov and Hutter, SGDR, 2017).
    """
    return min(1.0, way / WARM_UP) * (1 + math.cos(math.pi * way)) / 2


def new_optimizer(stack: StackedMLP) -> torch.optim.AdamW:
    """Adam without decay; the wide head's group walks faster."""
    # Not fused: the fused kernel rounds the last few elements of a tensor in another
    # way, so a network's numbers would depend on its place in the stack.
    return torch.optim.AdamW(
        [
            {"params": [*stack.weights, *stack.biases], "pace": 1.0},
            {"params": [stack.wide_weight, stack.wide_bias], "pace": WIDE_PACE},
        ],
        betas=BETAS,
        weight_decay=0.0,
        foreach=True,
    )


def optimizer_step(
    stack: StackedMLP,
    optimizer: torch.optim.AdamW,
    loss: Tensor,
    rate: float,
    weight_decay: Tensor,
) -> None:
    """One step of AdamW with a λ for each member, on weights and not on biases.

    Decoupled weight decay (Loshchilov and Hutter 2019): w ← (1 - rate·λ)·w, then Adam.
    """
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    shrink = rate * weight_decay.view(-1, 1, 1)
    with torch.no_grad():
        for weight in stack.weights:
            weight.mul_(1 - shrink)
        stack.wide_weight.mul_(1 - WIDE_PACE * shrink)
    for group in optimizer.param_groups:
        group["lr"] = group["pace"] * rate
    optimizer.step()


@torch.no_grad()
def predict(stack: StackedMLP, inputs: Tensor) -> Tensor:
    """The mean of each member's heads, no dropout: [M, rows, d_in] -> [M, rows]."""
    stack.eval()
    heads: Tensor = stack(inputs)
    return heads.mean(2)


def score(stack: StackedMLP, batch: Batch) -> Tensor:
    """Root mean squared error of each member, [M]."""
    errors = predict(stack, batch.inputs) - batch.targets
    return mean_of_rows(errors**2, batch.weight).sqrt()
