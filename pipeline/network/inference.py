"""Predictions of trained networks."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import numpy as np
import torch
from torch import Tensor

from pipeline.data.encoder import CACHE_LINE
from pipeline.network.inputs import Inputs
from pipeline.network.perceptron import padded
from pipeline.network.stacked_mlp import StackedMLP

BLOCK_ROWS = 4096  # rows predicted at a time, a multiple of CACHE_LINE
BLOCK_NETWORKS = 64  # networks of a stack that predict at a time


def predict_rows(
    stacks: Sequence[StackedMLP], inputs: Inputs, fold: Tensor, rows: Tensor
) -> np.ndarray:
    """Return the predictions of stacks of C networks, shape (stacks, C, n).

    The inputs are gathered once for all stacks, in blocks of limited size.

    Args:
        stacks: with C networks each.
        inputs: the rows.
        fold: shape (C,), the fold whose statistics standardise a network's inputs.
        rows: shape (C, n), the rows that each network predicts.
    """
    predicted = np.empty((len(stacks), *rows.shape))
    for networks, columns, block in _blocks(inputs, fold, rows):
        for index, stack in enumerate(stacks):
            own = stack[networks].predict(block)[:, : columns.stop - columns.start]
            predicted[index, networks, columns] = own.cpu().numpy()
    return predicted


def _blocks(
    inputs: Inputs, fold: Tensor, rows: Tensor
) -> Iterator[tuple[slice, slice, Tensor]]:
    """Yield slices of C and of n, and the inputs of that block of rows [C, n].

    The number of rows is padded to a multiple of CACHE_LINE. Torch multiplies the last
    few rows of a matrix by another routine, which rounds differently; without padding,
    the prediction for a row would depend on the number of rows.
    """
    for networks, start in product(
        _groups(len(fold), BLOCK_NETWORKS), range(0, rows.shape[1], BLOCK_ROWS)
    ):
        index = rows[networks, start : start + BLOCK_ROWS]
        number = index.shape[1]
        padding = index[:, :1].expand(-1, padded(number, CACHE_LINE) - number)
        block = inputs.gather(fold[networks], torch.cat([index, padding], 1))
        yield networks, slice(start, start + number), block


def _groups(number: int, most: int) -> list[slice]:
    """Cut `number` items into groups of equal size, of `most` items at most."""
    groups = -(-number // most)
    ends = [number * group // groups for group in range(groups + 1)]
    return [slice(*pair) for pair in pairwise(ends)]
