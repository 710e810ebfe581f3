"""Train a stack of networks: a loop that yields a record an epoch."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from pipeline.network import StackedMLP


class Epoch(NamedTuple):
    """Root mean squared errors after an epoch, in the target's unit, [M] each."""

    number: int
    train: Tensor
    valid: Tensor


@dataclass(frozen=True)
class Rows:
    """The rows of each member, padded to one length by rows of weight 0.

    Shapes: inputs [folds, all rows, d_in]; targets [folds, all rows]; fold [M]; index
    and weight [M, rows]. A member reads the inputs of its own fold's encoder.
    """

    inputs: Tensor
    targets: Tensor
    fold: Tensor
    index: Tensor
    weight: Tensor

    @classmethod
    def of(
        cls, inputs: Tensor, targets: Tensor, fold: list[int], rows: list[Tensor]
    ) -> "Rows":
        """Collect `rows[m]`, row numbers of member m, for every member."""
        index = pad_sequence(rows, batch_first=True)
        weight = pad_sequence([torch.ones(len(r)) for r in rows], batch_first=True)
        device = inputs.device
        return cls(
            inputs,
            targets,
            torch.tensor(fold, device=device),
            index.to(device),
            weight.to(device),
        )

    def shuffled(self, generators: list[torch.Generator]) -> "Rows":
        """The same rows, each member's in an order drawn from its own generator."""
        order = torch.arange(self.index.shape[1]).repeat(len(self.index), 1)
        lengths = self.weight.sum(1).int().tolist()
        for row, length, generator in zip(order, lengths, generators, strict=True):
            row[:length] = torch.randperm(length, generator=generator)
        index = self.index.gather(1, order.to(self.index.device))
        return Rows(self.inputs, self.targets, self.fold, index, self.weight)

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield inputs [M, B, d_in], targets [M, B] and weights [M, B]."""
        fold = self.fold[:, None]
        for start in range(0, self.index.shape[1], size):
            index = self.index[:, start : start + size]
            weight = self.weight[:, start : start + size]
            yield self.inputs[fold, index], self.targets[fold, index], weight


def train_stack(
    stack: StackedMLP,
    train: Rows,
    valid: Rows,
    *,
    weight_decay: Tensor,
    epochs: int,
    lr: float,
    batch_size: int,
) -> Iterator[Epoch]:
    """Train every member on its rows and yield the scores after each epoch.

    The loss is the mean squared error of each member, summed over members: Adam works
    element by element, so each member moves as it would alone. The learning rate falls
    to 0 along a cosine (Loshchilov and Hutter, SGDR, 2017).

    Args:
        stack: the networks, changed in place.
        train: rows to learn from.
        valid: rows to score only.
        weight_decay: λ of each member, [M].
        epochs: passes over the rows.
        lr: the learning rate at the start.
        batch_size: rows a step.
    """
    # Not fused: the fused kernel rounds the last few elements of a tensor in another
    # way, so a network's numbers would depend on its place in the stack.
    optimizer = torch.optim.AdamW(stack.parameters(), weight_decay=0.0, foreach=True)
    steps = epochs * math.ceil(train.index.shape[1] / batch_size)
    step = 0
    for number in range(1, epochs + 1):
        squares = torch.zeros_like(train.weight[:, 0])
        stack.train()
        for inputs, targets, weight in train.shuffled(stack.generators).batches(
            batch_size
        ):
            rate = lr * (1 + math.cos(math.pi * step / steps)) / 2
            errors = weight * (stack(inputs) - targets) ** 2
            loss = (errors.sum(1) / weight.sum(1).clamp(min=1)).sum()
            optimizer_step(stack, optimizer, loss, rate, weight_decay)
            squares += errors.detach().sum(1)
            step += 1
        trained = (squares / train.weight.sum(1)).sqrt()
        yield Epoch(number, trained, score(stack, valid))


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
    with torch.no_grad():
        for weight in stack.weights:
            weight.mul_(1 - rate * weight_decay.view(-1, 1, 1))
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()


@torch.no_grad()
def predict(stack: StackedMLP, rows: Rows, *, batch_size: int = 4096) -> Tensor:
    """Predict each member's rows without dropout, [M, rows]."""
    stack.eval()
    return torch.cat([stack(x) for x, _, _ in rows.batches(batch_size)], 1)


def score(stack: StackedMLP, rows: Rows) -> Tensor:
    """Root mean squared error of each member on its rows, [M]."""
    targets = rows.targets[rows.fold[:, None], rows.index]
    errors = rows.weight * (predict(stack, rows) - targets) ** 2
    return (errors.sum(1) / rows.weight.sum(1)).sqrt()
