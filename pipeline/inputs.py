"""One matrix for all folds, standardised by each fold's statistics as it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from pipeline.encode import Encoder, Matrix


@dataclass(frozen=True)
class Inputs:
    """The rows as numbers, and what each fold makes of them: a slope and a shift.

    No fold has a copy of its own, so that memory grows with the rows alone.

    Shapes: cells [rows, d_in], NaN where unknown; slope and shift [folds, d_in]; gaps
    [k], the columns with unknown cells; fill [folds, k], what stands in for them.
    """

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
            torch.from_numpy(matrix.cells.astype(np.float32)).to(device),
            *(
                torch.from_numpy(each.astype(np.float32)).to(device)
                for each in (slope, -mean * slope)
            ),
            torch.from_numpy(gaps).to(device),
            torch.from_numpy(fill[:, gaps].astype(np.float32)).to(device),
        )

    @property
    def d_in(self) -> int:
        """The number of columns."""
        return self.cells.shape[1]

    def of_fold(self, number: int) -> Tensor:
        """All rows as one fold's encoder sees them, [rows, d_in]."""
        every = torch.arange(len(self.cells), device=self.cells.device)
        return self.gather(torch.tensor([number]), every[None])[0]

    def gather(self, fold: Tensor, index: Tensor) -> Tensor:
        """Standardised rows: fold [C] and index [C, B] -> [C, B, d_in]."""
        x = self.cells[index]
        x = torch.addcmul(self.shift[fold][:, None], x, self.slope[fold][:, None])
        if len(self.gaps):
            seen = x[..., self.gaps]
            known = torch.where(seen.isnan(), self.fill[fold][:, None], seen)
            x[..., self.gaps] = known
        return x
