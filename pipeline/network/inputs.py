"""One matrix for all folds, standardised by each fold's statistics as it is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline.data.encoder import Encoder, column_blocks, to_matrix
from pipeline.network.stacked_mlp import CACHE_LINE, padded

_BLOCK_ROWS = 4096  # predicted at a time, a number of whole lines
_BLOCK_FOLDS = 64  # and of folds, if there are many


@dataclass(frozen=True)
class Inputs:
    """The rows as numbers, and what each fold makes of them: a slope and a shift.

    No fold has a copy of its own, so that memory grows with the rows alone.

    Shapes: cells [rows, d_in], NaN where unknown; slope and shift [folds, d_in]; gaps
    [k], the columns with unknown cells; fill [folds, k], what stands in for them. The
    columns are padded with zeros to whole lines, as a stack's inputs are.
    """

    d_in: int
    entries: Tensor
    slope: Tensor
    shift: Tensor
    gaps: Tensor
    fill: Tensor

    @classmethod
    def of(cls, values: Tensor, encoders: Sequence[Encoder], device: str) -> Self:
        """The encoders' transform, [rows, d_in] for each fold."""
        slope = np.stack([1 / encoder.scale for encoder in encoders])
        mean = np.stack([encoder.mean for encoder in encoders])
        fill = (np.stack([encoder.fill for encoder in encoders]) - mean) * slope
        gaps = values.sum(0).isnan().nonzero()[:, 0]  # a sum with NaN is NaN
        return cls(
            d_in=slope.shape[1],
            entries=values.to(device),
            slope=pad_columns(slope).to(device),
            shift=pad_columns(-mean * slope).to(device),
            gaps=gaps.to(device),
            fill=torch.from_numpy(fill[:, gaps.numpy()].astype(np.float32)).to(device),
        )

    @classmethod
    def plain(cls, table: np.ndarray) -> Self:
        """Rows [rows, d_in] for one fold, read as they stand: standardised already."""
        values = pad_columns(table)
        slope, none = torch.ones_like(values[:1]), torch.zeros(1, 0)
        return cls(table.shape[1], values, slope, slope * 0, none[0].long(), none)

    def of_fold(self, number: int) -> Tensor:
        """All rows as one fold's encoder sees them, [rows, d_in] without padding."""
        every = torch.arange(len(self.entries), device=self.entries.device)
        return self.gather(torch.tensor([number]), every[None])[0, :, : self.d_in]

    def blocks(
        self, fold: Tensor, rows: Tensor
    ) -> Iterator[tuple[slice, slice, Tensor]]:
        """Rows [C, n] as folds [C] see them: which folds, which of n, and their inputs.

        Some at a time: inputs are [some of C, some of n and a few more, padded d_in].
        Rows are made up to whole lines, since torch multiplies the last few rows of a
        matrix by another routine, which rounds differently: a house's price must not
        hang on how many houses stand beside it.
        """
        groups = _groups(len(fold), _BLOCK_FOLDS)
        for some, start in product(groups, range(0, rows.shape[1], _BLOCK_ROWS)):
            index = rows[some, start : start + _BLOCK_ROWS]
            number = index.shape[1]
            more = index[:, :1].expand(-1, padded(number, CACHE_LINE) - number)
            inputs = self.gather(fold[some], torch.cat([index, more], 1))
            yield some, slice(start, start + number), inputs

    def gather(self, fold: Tensor, index: Tensor, out: Tensor | None = None) -> Tensor:
        """Standardised rows: fold [C], index [..., C, B] -> [..., C, B, padded d_in].

        Where `out` is given, they are written there.
        """
        shape = (*index.shape, self.entries.shape[1])
        x = torch.empty(shape, device=self.entries.device) if out is None else out
        torch.index_select(self.entries, 0, index.flatten(), out=x.view(-1, shape[-1]))
        # Two exact steps: addcmul rounds once in whole vectors and twice in the rest.
        x *= self.slope[fold][:, None]
        x += self.shift[fold][:, None]
        if len(self.gaps):
            seen = x.index_select(-1, self.gaps)
            known = torch.where(seen.isnan(), self.fill[fold][:, None], seen)
            x.index_copy_(-1, self.gaps, known)
        return x


def _groups(number: int, most: int) -> list[slice]:
    """Cut a number of things into even groups of `most` at most."""
    groups = -(-number // most)
    ends = [number * group // groups for group in range(groups + 1)]
    return [slice(*pair) for pair in pairwise(ends)]


def padded_matrix(frames: Sequence[pd.DataFrame]) -> Tensor:
    """The matrix of some frames, one below the other, as `whole_lines` would give it.

    It is filled a few columns at a time, so that it never stands in memory twice.
    """
    width = len(to_matrix(frames[0].head(1)).names)
    matrix = torch.zeros(sum(map(len, frames)), padded(width, CACHE_LINE))
    values, below = matrix.numpy(), 0
    for frame in filter(len, frames):  # scikit-learn refuses an empty one
        own, left = values[below : below + len(frame)], 0
        for block in column_blocks(frame):
            right = left + len(block.names)
            own[:, left:right] = block.entries
            left = right
        below += len(frame)
    return matrix


def pad_columns(values: np.ndarray) -> Tensor:
    """Values [rows, columns] as float32, their columns padded with zeros."""
    rows, columns = values.shape
    padding = torch.zeros(rows, padded(columns, CACHE_LINE))
    padding[:, :columns] = torch.from_numpy(values)
    return padding
