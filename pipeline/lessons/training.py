"""Minibatch SGD: the training loop of every lesson, from scratch and with torch.

The network, the loss, the optimizer and the rows are arguments, so one loop trains
every model. It yields after each epoch, and the caller decides what to measure or draw.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

Net = Callable[[Tensor], Tensor]  # rows [n, d_in] -> predictions [n, d_out]
Loss = Callable[[Tensor, Tensor], Tensor]  # predicted, actual -> one loss per row


class Optimizer(Protocol):
    """An optimizer; those of torch.optim are ones too."""

    def zero_grad(self) -> None:
        """Zero the gradients of the last step."""

    def step(self) -> object:
        """Update the parameters from their gradients."""


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: θ ← θ - lr · gradient."""

    parameters: Sequence[Tensor]
    lr: float

    def zero_grad(self) -> None:
        """Zero the gradients, because `backward` adds to them."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Subtract lr times its gradient from every parameter."""
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.sub_(self.lr * parameter.grad)


@dataclass(frozen=True)
class Learner:
    """A network with its loss, optimizer and parameters.

    `predict_net` is the network in evaluation mode, if it differs from `net`.
    """

    net: Net
    loss: Loss
    optimizer: Optimizer
    parameters: Sequence[Tensor]
    predict_net: Net | None = None

    @torch.no_grad()
    def predict(self, X: Tensor) -> Tensor:
        """Return the predictions for rows X, shape [n, d_out]."""
        return (self.predict_net or self.net)(X)


class Epoch(NamedTuple):
    """The predictions of an epoch, each made before its batch's step, and the targets.

    Both are in the order of the batches.
    """

    number: int
    predicted: Tensor
    actual: Tensor


def minibatches(
    X: Tensor, y: Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all rows in batches, in random order; the last batch may be smaller."""
    order = torch.randperm(len(X), generator=generator)
    for start in range(0, len(X), batch_size):
        index = order[start : start + batch_size]
        yield X[index], y[index]


def train(
    learner: Learner,
    X: Tensor,
    y: Tensor,
    *,
    epochs: int,
    batch_size: int,
    generator: torch.Generator,
) -> Iterator[Epoch]:
    """Train for a number of epochs, yielding after each.

    Args:
        learner: Its parameters are updated in place.
        X: Training rows, shape [n, d_in].
        y: Their targets, shape [n, 1] or labels [n].
        epochs: Number of epochs.
        batch_size: Rows per step.
        generator: Random number generator of the order of the rows.
    """
    for number in range(1, epochs + 1):
        predicted, actual = [], []
        for rows, targets in minibatches(X, y, batch_size, generator):
            outputs = learner.net(rows)
            learner.optimizer.zero_grad()
            # NOTE: from scratch the book sums the losses and divides the gradient by
            # the batch size, which makes the step of a smaller last batch too short
            # (and, in section 3.9, divides a mean by it again). A mean is right for
            # any size.
            loss = learner.loss(outputs, targets).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            learner.optimizer.step()
            predicted.append(outputs.detach())
            actual.append(targets)
        yield Epoch(number, torch.cat(predicted), torch.cat(actual))


def gaussian(*shape: int, sd: float, generator: torch.Generator) -> Tensor:
    """Return a parameter drawn from N(0, sd²)."""
    return (torch.randn(shape, generator=generator) * sd).requires_grad_()


def init_normal(net: nn.Module, *, sd: float, generator: torch.Generator) -> None:
    """Draw all weights and biases of a torch module from N(0, sd²), in place."""
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=sd, generator=generator)
