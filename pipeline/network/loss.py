"""The loss that the networks are trained with.

Training needs the gradient of a loss, not its value. To train with another loss, add a
class with the methods of `Loss` below, and construct it in place of `HuberLoss` in
`pipeline.validation.parallel.new_trainer`. A constant that it needs becomes a field of
`pipeline.core.settings.Settings`.
"""

from typing import Protocol

import torch
from torch import Tensor


class Loss(Protocol):
    """A loss of one prediction error; a network's is the weighted mean of a batch."""

    def gradient(self, errors: Tensor, out: Tensor) -> None:
        """Write the derivative of the loss at each error to `out`.

        Shapes: errors and out [heads, C, B], for C networks and batches of B rows.
        """


class HuberLoss:
    """The Huber loss (Huber, 1964): squared up to a threshold, linear beyond it.

    Outliers, such as houses sold far below their value, have a bounded gradient.

    Args:
        delta: the threshold of each network, shape (C,), in the unit of its target.
    """

    def __init__(self, delta: Tensor) -> None:
        self._delta = delta.float()[:, None]
        self._minus_delta = -self._delta

    def gradient(self, errors: Tensor, out: Tensor) -> None:
        """Write the errors, clamped to [-delta, delta], to `out`."""
        torch.clamp(errors, self._minus_delta, self._delta, out=out)
