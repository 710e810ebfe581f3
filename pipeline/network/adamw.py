"""AdamW on a stack of networks (Loshchilov and Hutter, 2019), by torch's fused kernel.

`torch.optim.AdamW` calls the same kernel, and a test holds this against it; but the
bookkeeping of its step takes as long as a third of a small network's matrix products.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from pipeline.network.stacked_mlp import StackedMLP

WIDE_LR_MULTIPLIER = 3.0  # of the learning rate, for the wide head, which starts from 0
BETAS = (0.9, 0.99)  # a short memory for squared gradients: runs are short
_EPS = 1e-8


@dataclass(frozen=True)
class _Group:
    """Parameters that move alike, their gradients, and Adam's averages of these."""

    parameters: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    lr: float
    weight_decay: float

    @classmethod
    def of(
        cls, parameters: list[Tensor], gradients: list[Tensor], lr: float, decay: float
    ) -> Self:
        """At its start."""
        means, squares = (
            [torch.zeros_like(each) for each in parameters] for _ in range(2)
        )
        return cls(parameters, gradients, means, squares, lr, decay)


class AdamW:
    """Moves the networks of a stack, with decay on weights and not on biases."""

    def __init__(
        self,
        stack: StackedMLP,
        gradients: StackedMLP,
        *,
        lr: float,
        weight_decay: float,
    ) -> None:
        deep, slopes = ([*part.layers, part.output] for part in (stack, gradients))
        self._steps = torch.zeros((), device=stack.biases.device)
        self._groups = [
            _Group.of(deep, slopes, lr, weight_decay),
            _Group.of(
                [stack.wide], [gradients.wide], WIDE_LR_MULTIPLIER * lr, weight_decay
            ),
            _Group.of([stack.biases], [gradients.biases], lr, 0.0),
        ]

    def step(self, share: float) -> None:
        """Move by the gradients as they stand, at a share of the learning rate."""
        self._steps += 1
        for group in self._groups:
            rate = group.lr * share
            torch._fused_adamw_(
                group.parameters,
                group.gradients,
                group.means,
                group.squares,
                [],
                [self._steps] * len(group.parameters),
                lr=rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=capped_decay(group.weight_decay, rate),
                eps=_EPS,
                amsgrad=False,
                maximize=False,
            )


def capped_decay(weight_decay: float, rate: float) -> float:
    """The decay that a step may take: all of a weight at most, or it would blow up."""
    return 1 / rate if weight_decay * rate > 1 else weight_decay
