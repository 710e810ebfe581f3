"""One matrix for all folds, standardised by each fold's statistics as it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from pipeline.encode import Encoder, Matrix
from pipeline.network import LINE, padded


@dataclass(frozen=True)
class Inputs:
    """The rows as numbers, and what each fold makes of them: a slope and a shift.

    No fold has a copy of its own, so that memory grows with the rows alone.

    Shapes: cells [rows, d_in], NaN where unknown; slope and shift [folds, d_in]; gaps
    [k], the columns with unknown cells; fill [folds, k], what stands in for them. The
    columns are padded with zeros to whole lines, as a stack's inputs are.
    """

    d_in: int
    cells: Tensor
    slope: Tensor
    shift: Tensor
    gaps: Tensor
    fill: Tensor

    @classmethod
    def of(cls, matrix: Matrix, encoders: Sequence[Encoder], device: str) -> Self:
        """The encoders' transform, [rows, d_in] for each fold."""
        slope = np.stack([1 / encoder.scale for encoder in encoders])
        mean = np.stack([encoder.mean for encoder in encoders])
        fill = (np.stack([encoder.fill for encoder in encoders]) - mean) * slope
        gaps = np.flatnonzero(np.isnan(matrix.cells).any(axis=0))

        return cls(
            d_in=matrix.cells.shape[1],
            cells=whole_lines(matrix.cells).to(device),
            slope=whole_lines(slope).to(device),
            shift=whole_lines(-mean * slope).to(device),
            gaps=torch.from_numpy(gaps).to(device),
            fill=torch.from_numpy(fill[:, gaps].astype(np.float32)).to(device),
        )

    def of_fold(self, number: int) -> Tensor:
        """All rows as one fold's encoder sees them, [rows, d_in] without padding."""
        every = torch.arange(len(self.cells), device=self.cells.device)
        return self.gather(torch.tensor([number]), every[None])[0, :, : self.d_in]

    def gather(self, fold: Tensor, index: Tensor) -> Tensor:
        """Standardised rows: fold [C] and index [C, B] -> [C, B, padded d_in]."""
        x = self.cells[index]
        # Two exact steps: addcmul rounds once in whole vectors and twice in the rest.
        x *= self.slope[fold][:, None]
        x += self.shift[fold][:, None]
        if len(self.gaps):
            seen = x[..., self.gaps]
            known = torch.where(seen.isnan(), self.fill[fold][:, None], seen)
            x[..., self.gaps] = known
        return x


def whole_lines(values: np.ndarray) -> Tensor:
    """Values [rows, columns] as float32, their columns padded with zeros."""
    rows, columns = values.shape
    lines = torch.zeros(rows, padded(columns, LINE))
    lines[:, :columns] = torch.from_numpy(values)
    return lines
