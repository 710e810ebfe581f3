"""The forward and backward pass of a training step, written out by hand.

Autograd builds a graph in every step and allocates every gradient anew, which costs
much beside the small matrix products of a stack. Here each result is written to the
memory of the last step's. A test compares the gradients with autograd's.

These functions are compiled (`pipeline.network.compiled`), so they use only what
TorchScript knows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.network.stacked_mlp import LANES, Views, padded


class Memory(NamedTuple):
    """What a training step of C networks on batches of B rows writes to.

    Shapes: sums and active, each [C, B, d_out], of a hidden layer before and after the
    activation; heads [2, C, B], the outputs of both heads; slope [2, C, B], the
    gradient of the loss with respect to them.
    """

    sums: list[Tensor]
    active: list[Tensor]
    heads: Tensor
    slope: Tensor


def new_memory(replicas: int, rows: int, hidden: Sequence[int], device: str) -> Memory:
    """Return memory for a training step."""
    shapes = [(replicas, rows, padded(width, LANES)) for width in hidden]
    sums, active = (
        [torch.empty(shape, device=device) for shape in shapes] for _ in range(2)
    )
    heads, slope = torch.empty(2, 2, replicas, rows, device=device).unbind()
    return Memory(sums, active, heads, slope)


def compute_heads(
    networks: Views, x: Tensor, masks: list[Tensor], memory: Memory
) -> None:
    """Compute the outputs of both heads in training, from x [C, B, d_in].

    `masks` are the dropout masks of the hidden layers, [C, B, d_out] each: 0 for a
    dropped unit, 1 / (1 - dropout) for a kept one. Without dropout it is empty.
    """
    below = x
    for number, layer in enumerate(networks.layers):
        sums, active = memory.sums[number], memory.active[number]
        torch.baddbmm(networks.hidden_biases[number], below, layer, out=sums)
        torch.ops.aten.silu(sums, out=active)
        if len(masks) > 0:
            active.mul_(masks[number])
        below = active
    deep, wide = memory.heads[0].unsqueeze(1), memory.heads[1].unsqueeze(1)
    torch.bmm(networks.output_row, below.transpose(1, 2), out=deep)
    torch.bmm(networks.wide_row, x.transpose(1, 2), out=wide)
    memory.heads.add_(networks.head_biases)


def compute_gradients(
    networks: Views, found: Views, x: Tensor, masks: list[Tensor], memory: Memory
) -> None:
    """Write the gradients of the parameters to `found`, from `memory.slope`.

    Call it after `compute_heads`, with the same arguments. The gradients of a layer's
    activations overwrite the activations, which are no longer needed and are still in
    the cache.
    """
    slope, last = memory.slope, len(networks.layers) - 1
    above = memory.active[last]
    torch.sum(slope, 2, True, out=found.head_biases)
    torch.bmm(slope[1].unsqueeze(1), x, out=found.wide_row)
    torch.bmm(slope[0].unsqueeze(1), above, out=found.output_row)
    torch.mul(slope[0].unsqueeze(2), networks.output_row, out=above)
    for back in range(last + 1):
        number = last - back
        sums = memory.sums[number]
        if len(masks) > 0:
            above.mul_(masks[number])
        torch.ops.aten.silu_backward(above, sums, grad_input=above)
        torch.sum(above, 1, True, out=found.hidden_biases[number])
        below = memory.active[number - 1] if number > 0 else x
        torch.bmm(below.transpose(1, 2), above, out=found.layers[number])
        if number > 0:
            torch.bmm(above, networks.layers[number].transpose(1, 2), out=below)
            above = below
