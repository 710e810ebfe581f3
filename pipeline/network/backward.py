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

from pipeline.network.perceptron import LANES, padded
from pipeline.network.stacked_mlp import Views


class Memory(NamedTuple):
    """What a training step of C networks on batches of B rows writes to.

    Shapes: sums and active, each [C, B, d_out], of a hidden layer before and after the
    activation; output [C, B]; slope [C, B], the gradient of the loss with respect to
    the output.
    """

    sums: list[Tensor]
    active: list[Tensor]
    output: Tensor
    slope: Tensor


def new_memory(replicas: int, rows: int, hidden: Sequence[int], device: str) -> Memory:
    """Return memory for a training step."""
    shapes = [(replicas, rows, padded(width, LANES)) for width in hidden]
    sums, active = (
        [torch.empty(shape, device=device) for shape in shapes] for _ in range(2)
    )
    output, slope = torch.empty(2, replicas, rows, device=device).unbind()
    return Memory(sums, active, output, slope)


def compute_output(
    networks: Views, x: Tensor, masks: list[Tensor], memory: Memory
) -> None:
    """Compute the output in training, from x [C, B, d_in].

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
    torch.baddbmm(
        networks.output_bias,
        networks.output_row,
        below.transpose(1, 2),
        out=memory.output.unsqueeze(1),
    )


def compute_gradients(
    networks: Views, found: Views, x: Tensor, masks: list[Tensor], memory: Memory
) -> None:
    """Write the gradients of the parameters to `found`, from `memory.slope`.

    Call it after `compute_output`, with the same arguments. The gradients of a layer's
    activations overwrite the activations, which are no longer needed and are still in
    the cache.
    """
    slope, last = memory.slope.unsqueeze(1), len(networks.layers) - 1
    above = memory.active[last]
    torch.sum(slope, 2, True, out=found.output_bias)
    torch.bmm(slope, above, out=found.output_row)
    torch.mul(slope.transpose(1, 2), networks.output_row, out=above)
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
