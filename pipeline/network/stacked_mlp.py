"""M networks of the same shape, stacked into one model.

Their weights are stacked as [M, d_in, d_out], so that one `baddbmm` computes a layer of
all networks. The networks share nothing: each one computes what it would compute alone.

Each network has a wide and a deep head (Cheng et al., Wide & Deep, 2016). The deep head
is a multilayer perceptron with SiLU (Hendrycks and Gimpel, 2016) and inverted dropout
(Srivastava et al., 2014) after each hidden layer. The wide head is one linear layer.
Unlike in the paper, each head is trained on the target separately, and the prediction
is their mean: the two heads make different errors.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from pipeline.data.encoder import CACHE_LINE

Change = Callable[[Tensor], Tensor]

# Torch computes full SIMD vectors by one routine and the rest of a tensor by another,
# which rounds differently. It also sums in another order if a row does not begin at a
# cache line. With hidden layers padded to LANES and inputs padded to CACHE_LINE neither
# happens, so a network's numbers do not depend on its position in the stack.
LANES = 32


class Views(NamedTuple):
    """Parameters, or their gradients, as views that share the memory of a stack.

    Shapes: layers, each [M, d_in, d_out]; hidden_biases, each [M, 1, d_out]; output_row
    [M, 1, d_out], the weights of the deep head's output layer; wide_row [M, 1, d_in],
    those of the wide head; head_biases [2, M, 1], of the deep and the wide head.
    """

    layers: list[Tensor]
    hidden_biases: list[Tensor]
    output_row: Tensor
    wide_row: Tensor
    head_biases: Tensor


@dataclass(frozen=True)
class StackedMLP:
    """The parameters of M networks, or their gradients, or a slice of either.

    Inputs and hidden layers are padded with zeros. The padding stays 0, since its
    gradients are 0.

    Shapes, including padding: layers, each [M, d_in, d_out]; output [M, last d_out];
    wide [M, d_in]; biases [M, sum of all d_out, plus one per head, plus padding].
    """

    layers: list[Tensor]
    output: Tensor
    wide: Tensor
    biases: Tensor

    @classmethod
    def zeros(cls, members: int, d_in: int, hidden: Sequence[int]) -> Self:
        """Return networks whose parameters are all 0."""
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
        """Return the number of parameters of one network, including padding."""
        first = padded(d_in, CACHE_LINE)
        widths = [padded(width, LANES) for width in hidden]
        weights = sum(map(prod, pairwise([first, *widths])))
        return weights + widths[-1] + first + sum(widths) + LANES

    @classmethod
    def initialised(
        cls, generators: Sequence[torch.Generator], d_in: int, hidden: Sequence[int]
    ) -> Self:
        """Return newly initialised networks, one per generator.

        Weights are normal with variance 2 / d_in in hidden layers (He et al., 2015) and
        1 / d_in in the output layer. Biases and the wide head are 0.
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
        """Select networks. A slice shares their memory."""
        return self._map(lambda tensor: tensor[members])

    def to(self, device: str) -> Self:
        """Return the networks on a device."""
        return self._map(lambda tensor: tensor.to(device))

    def double(self) -> Self:
        """Return the networks in double precision."""
        return self._map(lambda tensor: tensor.double())

    @cached_property
    def views(self) -> Views:
        """The parameters as the matrices that a training step multiplies."""
        widths = [layer.shape[2] for layer in self.layers]
        ends = list(accumulate(widths, initial=0))
        return Views(
            layers=self.layers,
            hidden_biases=[
                self.biases[:, None, slice(*pair)] for pair in pairwise(ends)
            ],
            output_row=self.output[:, None],
            wide_row=self.wide[:, None],
            head_biases=self.biases.T[-LANES : 2 - LANES, :, None],
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return the parameters by name."""
        layers = {f"layer{n}": layer for n, layer in enumerate(self.layers)}
        rest = {"output": self.output, "wide": self.wide, "biases": self.biases}
        return layers | rest

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """Return the networks with these parameters, as given by `tensors`."""
        rest = ("output", "wide", "biases")
        layers = [tensors[f"layer{n}"] for n in range(len(tensors) - len(rest))]
        return cls(layers, *(tensors[name] for name in rest))

    def heads(self, x: Tensor) -> Tensor:
        """Return the outputs of both heads: x [M, rows, d_in] -> [2, M, rows].

        No unit is dropped. Each head is a row times a matrix, since torch is slow at
        multiplying a batch of matrices by columns.
        """
        views, above = self.views, x
        for layer, biases in zip(views.layers, views.hidden_biases, strict=True):
            above = nn.functional.silu(torch.baddbmm(biases, above, layer))
        deep = torch.bmm(views.output_row, above.mT)
        wide = torch.bmm(views.wide_row, x.mT)
        return torch.cat([deep, wide], 1).transpose(0, 1) + views.head_biases

    def _map(self, change: Change) -> Self:
        return type(self)(
            [change(layer) for layer in self.layers],
            change(self.output),
            change(self.wide),
            change(self.biases),
        )


def padded(width: int, line: int) -> int:
    """Round a width up to a multiple of `line`."""
    return -(-width // line) * line
