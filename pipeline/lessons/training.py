"""Minibatch SGD, the loop that every lesson shares, from scratch and with torch alike.

Training needs a net, a loss, a way to step and rows. All are handed in, so the loop
knows none of them; it yields a record after each epoch, and the caller decides what
to measure, draw or stop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

Net = Callable[[Tensor], Tensor]  # rows [n, d_in] -> predictions [n, d_out]
Loss = Callable[[Tensor, Tensor], Tensor]  # predicted, actual -> one loss a row


class Optimizer(Protocol):
    """What steps the parameters; torch's optimizers are ones too."""

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""

    def step(self) -> object:
        """Move the parameters along their gradients."""


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: each parameter moves against its gradient."""

    parameters: Sequence[Tensor]
    lr: float

    def zero_grad(self) -> None:
        """Forget the gradients; `backward` would add to them."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter by lr times its gradient."""
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.sub_(self.lr * parameter.grad)


@dataclass(frozen=True)
class Learner:
    """Something to train; `in_use` is its net on new rows, where that differs."""

    net: Net
    loss: Loss
    optimizer: Optimizer
    parameters: Sequence[Tensor]
    in_use: Net | None = None

    @torch.no_grad()
    def predict(self, X: Tensor) -> Tensor:
        """Answer new rows."""
        return (self.in_use or self.net)(X)


class Epoch(NamedTuple):
    """An epoch's answers, each batch's from before its step, and the truth."""

    number: int
    predicted: Tensor
    actual: Tensor


def minibatches(
    X: Tensor, y: Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Every row once, in an order drawn anew; the last batch may be short."""
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
    """Train for some epochs, yielding after each."""
    for number in range(1, epochs + 1):
        predicted, actual = [], []
        for rows, truth in minibatches(X, y, batch_size, generator):
            answer = learner.net(rows)
            learner.optimizer.zero_grad()
            # NOTE: from scratch the book sums the losses and divides the gradient by
            # the batch size, which makes the short last batch's step too small (and,
            # in section 3.9, divides a mean once more). A mean is right for any size.
            loss = learner.loss(answer, truth).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            learner.optimizer.step()
            predicted.append(answer.detach())
            actual.append(truth)
        yield Epoch(number, torch.cat(predicted), torch.cat(actual))


def gaussian(*shape: int, sd: float, generator: torch.Generator) -> Tensor:
    """A parameter drawn from N(0, sd²)."""
    return (torch.randn(shape, generator=generator) * sd).requires_grad_()


def redraw(net: nn.Module, *, sd: float, generator: torch.Generator) -> None:
    """Draw every parameter of a torch net, weight or bias, from N(0, sd²)."""
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=sd, generator=generator)
