"""What the lessons' training loops share: initial parameters, and minibatches."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor


def init_params(sizes: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """Return the parameters of layers of these sizes: [W₁, b₁, W₂, b₂, …].

    Weights are drawn from N(0, 0.01²), biases are zero.
    """
    params = []
    for d_in, d_out in pairwise(sizes):
        W = torch.randn(d_in, d_out, generator=generator) * 0.01
        params += [W.requires_grad_(), torch.zeros(d_out, requires_grad=True)]
    return params


def minibatches(
    X: Tensor, y: Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all rows in batches, in random order; the last batch may be smaller."""
    order = torch.randperm(len(X), generator=generator)
    for index in order.split(batch_size):
        yield X[index], y[index]
