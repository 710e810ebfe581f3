"""The forward and backward pass of a training step, written out by hand.

Autograd builds a graph in every step and allocates every gradient anew, which costs
much beside the small matrix products of a stack. Here each result is written to the
memory of the last step's. A test compares the gradients with autograd's.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipeline.network.stacked_mlp import StackedMLP

_silu = torch.ops.aten.silu
_silu_backward = torch.ops.aten.silu_backward


class Backward:
    """Gradients of the losses of C networks, on batches of B rows.

    Each call of a torch function takes Python's lock, for which the parts of a stack
    that train in parallel wait. So there are few calls, and views are made only once.

    Attributes:
        slope: shape (2, C, B), the gradient of the loss with respect to the heads. The
            caller fills it before `backward`.
        gradients: of the parameters, filled by `backward`.
    """

    def __init__(
        self, replicas: int, rows: int, d_in: int, hidden: Sequence[int], device: str
    ) -> None:
        self.gradients = StackedMLP.zeros(replicas, d_in, hidden).to(device)
        shapes = [(replicas, rows, layer.shape[2]) for layer in self.gradients.layers]
        self._sums, self._active = (
            [torch.empty(shape, device=device) for shape in shapes] for _ in range(2)
        )
        self._active_columns = [active.mT for active in self._active]
        at_heads = torch.empty(2, 2, replicas, rows, device=device)
        self._heads, self.slope = at_heads.unbind()
        self._deep, self._wide = self._heads[:, :, None]
        self._deep_slope, self._wide_slope = self.slope[:, :, None]
        self._deep_column = self._deep_slope.mT

    def heads(self, stack: StackedMLP, x: Tensor, masks: Sequence[Tensor]) -> Tensor:
        """Return the outputs of both heads in training: x [C, B, d_in] -> [2, C, B].

        `masks` are the dropout masks of the hidden layers, [C, B, d_out] each: 0 for a
        dropped unit, 1 / (1 - dropout) for a kept one. Without dropout it is empty.
        """
        below = x
        for number, layer in enumerate(stack.layers):
            sums, active = self._sums[number], self._active[number]
            torch.baddbmm(stack.hidden_biases[number], below, layer, out=sums)
            _silu.out(sums, out=active)
            if masks:
                active *= masks[number]
            below = active
        torch.bmm(stack.output_row, self._active_columns[-1], out=self._deep)
        torch.bmm(stack.wide_row, x.mT, out=self._wide)
        self._heads += stack.head_biases
        return self._heads

    def backward(self, stack: StackedMLP, x: Tensor, masks: Sequence[Tensor]) -> None:
        """Compute the gradients of the parameters from `slope`.

        Call it after `heads`, with the same arguments. The gradients of a layer's
        activations overwrite the activations, which are no longer needed and are still
        in the cache.
        """
        found = self.gradients
        torch.sum(self.slope, 2, keepdim=True, out=found.head_biases)
        torch.bmm(self._wide_slope, x, out=found.wide_row)
        torch.bmm(self._deep_slope, self._active[-1], out=found.output_row)
        above = self._active[-1]
        torch.mul(self._deep_column, stack.output_row, out=above)
        for number in reversed(range(len(stack.layers))):
            if masks:
                above *= masks[number]
            _silu_backward.grad_input(above, self._sums[number], grad_input=above)
            torch.sum(above, 1, keepdim=True, out=found.hidden_biases[number])
            below = self._active_columns[number - 1] if number else x.mT
            torch.bmm(below, above, out=found.layers[number])
            if number:
                out = self._active[number - 1]
                torch.bmm(above, stack.layers[number].mT, out=out)
                above = out
