"""The loss that the networks are trained with.

Training needs the gradient of a loss, not its value. To train with another loss, write
its gradient below, and a function that returns its `Loss`, and call that in place of
`huber_loss` in `pipeline.network.replicas.new_trainer`. A constant that it needs
becomes a field of `pipeline.core.settings.Settings`.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Loss(NamedTuple):
    """A loss of one prediction error; a network's is the weighted mean of a batch.

    Attributes:
        gradient: Writes the derivative at each error to its last argument, `out`, given
            the errors and the constant. Shapes: errors and out [C, B], for C networks
            and batches of B rows. It is compiled, as
            `pipeline.network.compiled` tells.
        constant: shape (C, 1), of each network.
        power: of the errors that are reported: 2 for the root mean squared error, 1 for
            the mean absolute error. Training does not depend on it.
    """

    gradient: Callable[[Tensor, Tensor, Tensor], None]
    constant: Tensor
    power: int = 2


def huber_loss(delta: Tensor, power: int = 2) -> Loss:
    """Return the Huber loss (Huber, 1964): squared up to a threshold, linear beyond it.

    Outliers, such as houses sold far below their value, have a bounded gradient.

    Args:
        delta: the threshold of each network, shape (C,), in the unit of its target.
        power: as in `Loss`.
    """
    return Loss(huber_gradient, delta.float()[:, None], power)


def huber_gradient(errors: Tensor, delta: Tensor, out: Tensor) -> None:
    """Write the errors, clamped to [-delta, delta], to `out`."""
    torch.clamp(errors, -delta, delta, out=out)
