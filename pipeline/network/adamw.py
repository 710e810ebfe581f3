"""AdamW (Loshchilov and Hutter, 2019) for a stack of networks.

It calls the fused kernel of `torch.optim.AdamW` directly; a test compares the two. The
bookkeeping in that class's `step` takes up to a third of the time of a small network's
matrix products.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor

from pipeline.network.stacked_mlp import StackedMLP

_EPS = 1e-8


class AdamWOptions(NamedTuple):
    """Decay rates of Adam's averages, and the wide head's learning-rate multiplier."""

    betas: tuple[float, float]
    wide_lr_multiplier: float


@dataclass(frozen=True)
class _Group:
    """Parameters with one learning rate and weight decay, and Adam's state for them."""

    parameters: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    lr: float
    weight_decay: float

    @classmethod
    def new(
        cls, parameters: list[Tensor], gradients: list[Tensor], lr: float, decay: float
    ) -> Self:
        """Return a group whose averages are 0."""
        means, squares = (
            [torch.zeros_like(each) for each in parameters] for _ in range(2)
        )
        return cls(parameters, gradients, means, squares, lr, decay)


class AdamW:
    """Update the networks of a stack. Weights decay, biases do not."""

    def __init__(
        self,
        stack: StackedMLP,
        gradients: StackedMLP,
        *,
        lr: float,
        weight_decay: float,
        options: AdamWOptions,
    ) -> None:
        deep, deep_gradients = (
            [*each.layers, each.output] for each in (stack, gradients)
        )
        wide_lr = options.wide_lr_multiplier * lr
        self._betas = options.betas
        self._steps = torch.zeros((), device=stack.biases.device)
        self._groups = [
            _Group.new(deep, deep_gradients, lr, weight_decay),
            _Group.new([stack.wide], [gradients.wide], wide_lr, weight_decay),
            _Group.new([stack.biases], [gradients.biases], lr, 0.0),
        ]

    def step(self, lr_scale: float) -> None:
        """Update the parameters once, with the learning rate times `lr_scale`."""
        self._steps += 1
        for group in self._groups:
            lr = group.lr * lr_scale
            torch._fused_adamw_(
                group.parameters,
                group.gradients,
                group.means,
                group.squares,
                [],
                [self._steps] * len(group.parameters),
                lr=lr,
                beta1=self._betas[0],
                beta2=self._betas[1],
                weight_decay=capped_decay(group.weight_decay, lr),
                eps=_EPS,
                amsgrad=False,
                maximize=False,
            )


def capped_decay(weight_decay: float, lr: float) -> float:
    """Return the weight decay, capped where a step would more than zero a weight.

    A step multiplies a weight by 1 - lr × weight_decay, which must not be negative.
    """
    return 1 / lr if weight_decay * lr > 1 else weight_decay
