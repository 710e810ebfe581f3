"""M networks of the same shape, stacked into one model.

Their weights are stacked as [M, d_in, d_out], so that one `baddbmm` computes a layer of
all networks. The networks share nothing: each one computes what it would compute alone.

Each network is a multilayer perceptron with SiLU (Hendrycks and Gimpel, 2016) and
inverted dropout (Srivastava et al., 2014) after each hidden layer, and one output.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from pipeline.network.perceptron import shapes

Change = Callable[[Tensor], Tensor]


class Views(NamedTuple):
    """Parameters, or their gradients, as views that share the memory of a stack.

    Shapes: layers, each [M, d_in, d_out]; hidden_biases, each [M, 1, d_out]; output_row
    [M, 1, d_out], the weights of the output layer; output_bias [M, 1, 1].
    """

    layers: list[Tensor]
    hidden_biases: list[Tensor]
    output_row: Tensor
    output_bias: Tensor


@dataclass(frozen=True)
class StackedMLP:
    """The parameters of M networks, or their gradients, or a slice of either.

    Inputs and hidden layers are padded with zeros. The padding stays 0, since its
    gradients are 0.

    Shapes, including padding: layers, each [M, d_in, d_out]; output [M, last d_out];
    biases [M, sum of all d_out, plus one for the output, plus padding].
    """

    layers: list[Tensor]
    output: Tensor
    biases: Tensor

    @classmethod
    def zeros(cls, members: int, d_in: int, hidden: Sequence[int]) -> Self:
        """Return networks whose parameters are all 0."""
        sizes = shapes(d_in, hidden).items()
        return cls.from_tensors({n: torch.zeros(members, *size) for n, size in sizes})

    @classmethod
    def initialised(
        cls, generators: Sequence[torch.Generator], d_in: int, hidden: Sequence[int]
    ) -> Self:
        """Return newly initialised networks, one per generator.

        Weights are normal with variance 2 / d_in in hidden layers (He et al., 2015) and
        1 / d_in in the output layer. Biases are 0.
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
            output_bias=self.biases[:, None, ends[-1] : ends[-1] + 1],
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return the parameters by name."""
        layers = {f"layer{n}": layer for n, layer in enumerate(self.layers)}
        return layers | {"output": self.output, "biases": self.biases}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """Return the networks with these parameters, as given by `tensors`."""
        rest = ("output", "biases")
        layers = [tensors[f"layer{n}"] for n in range(len(tensors) - len(rest))]
        return cls(layers, *(tensors[name] for name in rest))

    @torch.no_grad()
    def predict(self, x: Tensor) -> Tensor:
        """Return the output of each network: x [M, rows, d_in] -> [M, rows].

        No unit is dropped. The output layer is a row times a matrix, since torch is
        slow at multiplying a batch of matrices by columns.
        """
        views, above = self.views, x
        for layer, biases in zip(views.layers, views.hidden_biases, strict=True):
            above = nn.functional.silu(torch.baddbmm(biases, above, layer))
        output = torch.baddbmm(views.output_bias, views.output_row, above.mT)
        return output.squeeze(1)

    def _map(self, change: Change) -> Self:
        return type(self)(
            [change(layer) for layer in self.layers],
            change(self.output),
            change(self.biases),
        )
