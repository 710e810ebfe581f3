"""AdamW (Loshchilov and Hutter, 2019) for a stack of networks.

It calls the fused kernel of `torch.optim.AdamW` directly; a test compares the two. The
bookkeeping in that class's `step` takes up to a third of the time of a small network's
matrix products. The weights decay before, since each network has its own weight decay.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim.adamw import adamw as torch_adamw

from pipeline.network.stacked_mlp import StackedMLP

_MOST = 1e30  # of a weight decay, so that a learning rate of 0 times it is 0


class AdamWOptions(NamedTuple):
    """What the candidates of a stack have in common.

    Attributes:
        betas: the decay rates of Adam's averages of gradients and of their squares.
        decay: the weight decay of each replica for λ = 1, shape (C,).
    """

    betas: tuple[float, float]
    decay: Tensor


class AdamW(NamedTuple):
    """The optimizer of the networks of a stack. Weights decay, biases do not.

    Attributes:
        parameters: weights, and last the biases.
        gradients: of the parameters.
        means: Adam's averages of the gradients.
        squares: its averages of their squares.
        decays: the weight decay of the networks for each of the weights, [M, 1, …].
        steps: how many were done.
        lr: the peak learning rate.
        betas: the decay rates of the averages.
    """

    parameters: list[Tensor]
    gradients: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    decays: list[Tensor]
    steps: Tensor
    lr: float
    betas: tuple[float, float]


def new_adamw(
    stack: StackedMLP,
    gradients: StackedMLP,
    *,
    lr: float,
    weight_decay: float,
    options: AdamWOptions,
) -> AdamW:
    """Return an optimizer whose averages are 0.

    Args:
        stack: the networks.
        gradients: of their parameters.
        lr: the peak learning rate.
        weight_decay: λ.
        options: of the stack.
    """
    # In single precision, as the weights: a product with double numbers converts all
    # weights, twice.
    decay = torch.clamp(weight_decay * options.decay.float(), max=_MOST)
    weights = [*stack.layers, stack.output]
    parameters = [*weights, stack.biases]
    means, squares = ([torch.zeros_like(each) for each in parameters] for _ in range(2))
    return AdamW(
        parameters,
        [*gradients.layers, gradients.output, gradients.biases],
        means,
        squares,
        [decay.view(-1, *[1] * (each.dim() - 1)) for each in weights],
        torch.zeros((), device=stack.biases.device),
        lr,
        options.betas,
    )


class AdamWStep(NamedTuple):
    """What an update needs besides the gradients.

    Attributes:
        lr: the learning rate.
        kept: what the decay leaves of the networks' weights, as `AdamW.decays`.
    """

    lr: float
    kept: list[Tensor]


def steps_of(adamw: AdamW, lr_scales: Sequence[float]) -> list[AdamWStep]:
    """Return a step for each factor on the learning rate.

    They are computed at once: within the training loop, the small operations of the
    decay took a twentieth of the time of a step.
    """
    lrs = [adamw.lr * scale for scale in lr_scales]
    return [
        # A step must not more than zero a weight.
        AdamWStep(lr, [torch.clamp(1 - lr * each, min=0) for each in adamw.decays])
        for lr in lrs
    ]


def public_kernel(
    parameters: list[Tensor],
    gradients: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    maxima: list[Tensor],
    steps: list[Tensor],
    **options: Any,  # noqa: ANN401
) -> None:
    """Do what `torch._fused_adamw_` does, by torch's public function.

    Its checks take longer, and it cannot be compiled. It counts the steps itself.
    """
    before = [count - 1 for count in steps]
    options["fused"] = True
    torch_adamw(parameters, gradients, means, squares, maxima, before, **options)


fused_adamw = getattr(torch, "_fused_adamw_", public_kernel)


def update(adamw: AdamW, step: AdamWStep) -> None:
    """Update the parameters once.

    It is compiled, as the functions of `pipeline.network.backward` are.
    """
    for number, kept in enumerate(step.kept):
        adamw.parameters[number].mul_(kept)
    adamw.steps.add_(1)
    fused_adamw(
        adamw.parameters,
        adamw.gradients,
        adamw.means,
        adamw.squares,
        [],
        [adamw.steps] * len(adamw.parameters),
        lr=step.lr,
        beta1=adamw.betas[0],
        beta2=adamw.betas[1],
        weight_decay=0.0,
        eps=1e-8,
        amsgrad=False,
        maximize=False,
    )
