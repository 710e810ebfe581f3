"""M networks of one shape as one module: the heart of the project.

Their weights are stacked as [M, d_in, d_out], so that one `baddbmm` does a layer of
all networks. Nothing is shared: each member computes what it would compute alone.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

_LANES = 32  # floats in two of the widest vectors, the most torch takes at a time


class StackedMLP(nn.Module):
    """M networks, each a wide head beside a deep one (Cheng et al., Wide & Deep, 2016).

    The deep head is a multilayer perceptron with SiLU (Hendrycks and Gimpel 2016) and
    inverted dropout after each hidden layer; the wide head is one linear layer. Unlike
    the paper's, each head learns the target by itself, and the prediction is their
    mean: the linear head errs where the perceptron does not.

    Each member draws its initial weights and its dropout masks from a generator of its
    own, so that it is the same network in any stack.
    """

    def __init__(
        self, *, seeds: Sequence[int], d_in: int, hidden: Sequence[int], dropout: float
    ) -> None:
        """Draw the initial weights of `len(seeds)` members."""
        super().__init__()
        self.dropout = dropout
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        pairs = list(pairwise([d_in, *hidden]))
        gains = [2.0] * len(pairs) + [1.0]  # He et al. 2015, and 1 for the output
        sizes = list(zip([*pairs, (hidden[-1], 1)], gains, strict=True))
        drawn = [
            [_weight(*pair, gain, g) for pair, gain in sizes] for g in self.generators
        ]
        self.weights = nn.ParameterList(map(torch.stack, zip(*drawn, strict=True)))
        members = len(seeds)
        widths = [*hidden, 1]
        self.biases = nn.ParameterList(torch.zeros(members, 1, w) for w in widths)
        self.wide_weight = nn.Parameter(torch.zeros(members, d_in, 1))
        self.wide_bias = nn.Parameter(torch.zeros(members, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """What each head says: x [M, rows, d_in] -> [M, rows, 2], deep and wide."""
        wide = torch.baddbmm(self.wide_bias, x, self.wide_weight)
        *hidden, output = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            x = self._drop(_silu(torch.baddbmm(bias, x, weight)))
        weight, bias = output
        return torch.cat([torch.baddbmm(bias, x, weight), wide], 2)

    def _drop(self, x: Tensor) -> Tensor:
        """Inverted dropout (Srivastava et al. 2014): the mean of x is kept."""
        if not self.training or self.dropout == 0:
            return x
        keep = 1 - self.dropout
        shape = x.shape[1:]
        masks = [torch.rand(shape, generator=g) < keep for g in self.generators]
        return x * torch.stack(masks).to(x.device) / keep


def _silu(x: Tensor) -> Tensor:
    """SiLU of x [..., width], a member's numbers apart from its neighbours'.

    torch computes exp for a whole vector at a time and the rest of a tensor by another
    routine, which rounds differently. Rows of whole vectors leave no rest.
    """
    width = x.shape[-1]
    spare = -width % _LANES
    if spare == 0:
        return nn.functional.silu(x)
    return nn.functional.silu(nn.functional.pad(x, (0, spare)))[..., :width]


def _weight(d_in: int, d_out: int, gain: float, generator: torch.Generator) -> Tensor:
    """Normal weights [d_in, d_out] of variance gain / d_in."""
    return torch.randn(d_in, d_out, generator=generator) * math.sqrt(gain / d_in)
