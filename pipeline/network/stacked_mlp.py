"""M networks of one shape as one: the heart of the project.

Their weights are stacked as [M, d_in, d_out], so that one `baddbmm` does a layer of
all networks. Nothing is shared: each member computes what it would compute alone.

Each network is a wide head beside a deep one (Cheng et al., Wide & Deep, 2016). The
deep head is a multilayer perceptron with SiLU (Hendrycks and Gimpel 2016) and inverted
dropout after each hidden layer (Srivastava et al. 2014); the wide head is one linear
layer. Unlike the paper's, each head learns the target by itself, and the prediction is
their mean: the linear head errs where the perceptron does not.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import Self

import torch
from torch import Tensor, nn

Change = Callable[[Tensor], Tensor]

# torch computes whole vectors of floats by one routine and the rest of a tensor by
# another, which rounds differently; and it sums in another order where a row begins
# amid a cache line. Hidden layers of whole pairs of vectors and inputs of whole lines
# leave neither, so a network's numbers do not depend on its place in the stack.
LANES = 32
CACHE_LINE = 16


@dataclass(frozen=True)
class StackedMLP:
    """The parameters of M networks, or their gradients, or a slice of either.

    Inputs and hidden layers are padded with zeros, and zeros they stay: nothing flows
    through them, so no gradient moves them.

    Shapes, padding included: layers, each [M, d_in, d_out]; output [M, last d_out];
    wide [M, d_in]; biases [M, all d_out, one for each head, and padding].
    """

    layers: list[Tensor]
    output: Tensor
    wide: Tensor
    biases: Tensor

    @classmethod
    def zeros(cls, members: int, d_in: int, hidden: Sequence[int]) -> Self:
        """All parameters 0."""
        first = padded(d_in, CACHE_LINE)
        widths = [padded(width, LANES) for width in hidden]
        return cls(
            [torch.zeros(members, *pair) for pair in pairwise([first, *widths])],
            torch.zeros(members, widths[-1]),
            torch.zeros(members, first),
            torch.zeros(members, sum(widths) + LANES),
        )

    @staticmethod
    def size(d_in: int, hidden: Sequence[int]) -> int:
        """How many numbers a network has, padding included."""
        first = padded(d_in, CACHE_LINE)
        widths = [padded(width, LANES) for width in hidden]
        weights = sum(map(prod, pairwise([first, *widths])))
        return weights + widths[-1] + first + sum(widths) + LANES

    @classmethod
    def initialised(
        cls, generators: Sequence[torch.Generator], d_in: int, hidden: Sequence[int]
    ) -> Self:
        """Initial weights, each member's from a generator of its own.

        Normal, of variance 2 / d_in in hidden layers (He et al. 2015) and 1 / d_in in
        the output; biases and the wide head start at 0.
        """
        stack = cls.zeros(len(generators), d_in, hidden)
        for member, generator in enumerate(generators):
            for layer, (rows, columns) in zip(
                stack.layers, pairwise([d_in, *hidden]), strict=True
            ):
                initialised = torch.randn(rows, columns, generator=generator)
                layer[member, :rows, :columns] = initialised * math.sqrt(2 / rows)
            initialised = torch.randn(hidden[-1], generator=generator)
            stack.output[member, : hidden[-1]] = initialised / math.sqrt(hidden[-1])
        return stack

    def __getitem__(self, members: slice | Tensor) -> Self:
        """Some of the members; a slice shares their memory."""
        return self._map(lambda tensor: tensor[members])

    def to(self, device: str) -> Self:
        """The same networks on a device."""
        return self._map(lambda tensor: tensor.to(device))

    def double(self) -> Self:
        """The same networks in double precision."""
        return self._map(lambda tensor: tensor.double())

    @cached_property
    def hidden_biases(self) -> list[Tensor]:
        """The biases of each hidden layer, [M, 1, d_out]; they share memory."""
        widths = [layer.shape[2] for layer in self.layers]
        ends = list(accumulate(widths, initial=0))
        return [self.biases[:, None, slice(*pair)] for pair in pairwise(ends)]

    @cached_property
    def head_biases(self) -> Tensor:
        """The biases of the heads, deep and wide, [2, M, 1]; they share memory."""
        return self.biases.T[-LANES : 2 - LANES, :, None]

    @cached_property
    def wide_row(self) -> Tensor:
        """The wide head's weights as a row, [M, 1, d_in]; they share memory."""
        return self.wide[:, None]

    @cached_property
    def output_row(self) -> Tensor:
        """The deep head's last weights as a row, [M, 1, d_out]; they share memory."""
        return self.output[:, None]

    def tensors(self) -> dict[str, Tensor]:
        """The parameters by name."""
        layers = {f"layer{n}": layer for n, layer in enumerate(self.layers)}
        rest = {"output": self.output, "wide": self.wide, "biases": self.biases}
        return layers | rest

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """The networks whose parameters `tensors` gave."""
        rest = ("output", "wide", "biases")
        layers = [tensors[f"layer{n}"] for n in range(len(tensors) - len(rest))]
        return cls(layers, *(tensors[name] for name in rest))

    def heads(self, x: Tensor) -> Tensor:
        """What each head says without dropout: x [M, rows, d_in] -> [2, M, rows].

        A row times a matrix, for torch is slow at a batch of matrices times a column.
        """
        above = x
        for layer, biases in zip(self.layers, self.hidden_biases, strict=True):
            above = nn.functional.silu(torch.baddbmm(biases, above, layer))
        deep = torch.bmm(self.output_row, above.mT)
        wide = torch.bmm(self.wide_row, x.mT)
        return torch.cat([deep, wide], 1).transpose(0, 1) + self.head_biases

    def _map(self, change: Change) -> Self:
        return type(self)(
            [change(layer) for layer in self.layers],
            change(self.output),
            change(self.wide),
            change(self.biases),
        )


def padded(width: int, line: int) -> int:
    """A width made up to whole lines."""
    return -(-width // line) * line
