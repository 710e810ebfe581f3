"""AdamW (Loshchilov and Hutter, 2019) for a stack of networks.

It calls the fused kernel of `torch.optim.AdamW` directly; a test compares the two. The
bookkeeping in that class's `step` takes up to a third of the time of a small network's
matrix products.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.network.stacked_mlp import StackedMLP


class Group(NamedTuple):
    """Parameters with one learning rate and weight decay, and Adam's state for them."""

    parameters: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    lr: float
    weight_decay: float


class AdamW(NamedTuple):
    """The optimizer of the networks of a stack. Weights decay, biases do not."""

    groups: list[Group]
    steps: Tensor
    betas: tuple[float, float]


def new_adamw(
    stack: StackedMLP,
    gradients: StackedMLP,
    *,
    lr: float,
    weight_decay: float,
    betas: tuple[float, float],
) -> AdamW:
    """Return an optimizer whose averages are 0.

    Args:
        stack: the networks.
        gradients: of their parameters.
        lr: the peak learning rate.
        weight_decay: of weights.
        betas: the decay rates of the averages of gradients and of their squares.
    """
    weights, of_weights = ([*each.layers, each.output] for each in (stack, gradients))
    groups = [
        _new_group(weights, of_weights, lr, weight_decay),
        _new_group([stack.biases], [gradients.biases], lr, 0.0),
    ]
    return AdamW(groups, torch.zeros((), device=stack.biases.device), betas)


def _new_group(
    parameters: list[Tensor], gradients: list[Tensor], lr: float, decay: float
) -> Group:
    means, squares = ([torch.zeros_like(each) for each in parameters] for _ in range(2))
    return Group(parameters, gradients, means, squares, lr, decay)


def update(adamw: AdamW, lr_scale: float) -> None:
    """Update the parameters once, with the learning rate times `lr_scale`.

    It is compiled, as the functions of `pipeline.network.backward` are.
    """
    adamw.steps.add_(1)
    for group in adamw.groups:
        lr = group.lr * lr_scale
        torch._fused_adamw_(
            group.parameters,
            group.gradients,
            group.means,
            group.squares,
            [],
            [adamw.steps] * len(group.parameters),
            lr=lr,
            beta1=adamw.betas[0],
            beta2=adamw.betas[1],
            weight_decay=capped_decay(group.weight_decay, lr),
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )


def capped_decay(weight_decay: float, lr: float) -> float:
    """Return the weight decay, capped where a step would more than zero a weight.

    A step multiplies a weight by 1 - lr × weight_decay, which must not be negative.
    """
    return 1 / lr if weight_decay * lr > 1 else weight_decay
