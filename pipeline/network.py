"""M multilayer perceptrons of one shape as one module: the heart of the project.

Their weights are stacked as [M, d_in, d_out], so that one `baddbmm` does a layer of
all networks. Nothing is shared: each member computes what it would compute alone.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class StackedMLP(nn.Module):
    """M perceptrons with ReLU and inverted dropout after each hidden layer.

    Each member draws its initial weights and its dropout masks from a generator of its
    own, so that it is the same network in any stack. One output a row.
    """

    def __init__(
        self, *, seeds: Sequence[int], d_in: int, hidden: Sequence[int], dropout: float
    ) -> None:
        """Draw the initial weights of `len(seeds)` members."""
        super().__init__()
        self.dropout = dropout
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        sizes = [d_in, *hidden, 1]
        pairs = list(pairwise(sizes))
        layers = [[_linear(*pair, g) for pair in pairs] for g in self.generators]
        stacks = [list(zip(*layer, strict=True)) for layer in zip(*layers, strict=True)]
        self.weights = nn.ParameterList(torch.stack(weight) for weight, _ in stacks)
        self.biases = nn.ParameterList(torch.stack(bias) for _, bias in stacks)

    def forward(self, x: Tensor) -> Tensor:
        """Predict: x [M, rows, d_in] -> [M, rows]."""
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(
            zip(self.weights, self.biases, strict=True)
        ):
            x = torch.baddbmm(bias, x, weight)
            if layer < last:
                x = self._drop(torch.relu(x))
        return x.squeeze(-1)

    def _drop(self, x: Tensor) -> Tensor:
        """Inverted dropout (Srivastava et al. 2014): the mean of x is kept."""
        if not self.training or self.dropout == 0:
            return x
        keep = 1 - self.dropout
        shape = x.shape[1:]
        masks = [torch.rand(shape, generator=g) < keep for g in self.generators]
        return x * torch.stack(masks).to(x.device) / keep


def _linear(d_in: int, d_out: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Weight [d_in, d_out] and bias [1, d_out], drawn as torch.nn.Linear draws them."""
    bound = 1 / math.sqrt(d_in)
    weight = torch.empty(d_in, d_out).uniform_(-bound, bound, generator=generator)
    bias = torch.empty(1, d_out).uniform_(-bound, bound, generator=generator)
    return weight, bias
