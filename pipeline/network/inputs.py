"""The input matrix of all folds, standardised by a fold's statistics when read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from pipeline.data.encoder import FURTHEST, Encoder, padded_columns

READY = 2**25  # numbers, 128 MB, that may be standardised before they are read


@dataclass(frozen=True)
class Inputs:
    """The encoded rows, and each fold's standardisation: entries × slope + shift.

    All folds share one matrix, so memory does not grow with the number of folds. Of a
    short table the rows of each fold are also kept ready: every epoch reads them again.

    Shapes: entries [rows, d_in], NaN where missing; slope and shift [folds, d_in]; gaps
    [k], the columns with missing values; fill [folds, k], the standardised values that
    replace these; coded [t], the columns of words that are codes; means [folds, rows,
    t], the standardised values that replace these; ready [folds × rows, d_in], what
    `gather` would compute. Columns are padded with zeros to a multiple of CACHE_LINE.
    """

    d_in: int
    entries: Tensor
    slope: Tensor
    shift: Tensor
    gaps: Tensor
    fill: Tensor
    coded: Tensor
    means: Tensor
    ready: Tensor | None = None

    @classmethod
    def of(
        cls,
        entries: np.ndarray,
        encoders: Sequence[Encoder],
        device: str,
        replaced: np.ndarray | None = None,
    ) -> Self:
        """Return inputs that give each fold's rows as its encoder transforms them.

        Args:
            entries: padded, as `EXPANDED` reads them.
            encoders: of each fold.
            device: where the rows are kept.
            replaced: what replaces the codes of words, shape (folds, rows, t); by
                default what the encoders replace them by.
        """
        values = torch.from_numpy(entries)
        slope = np.stack([1 / encoder.scale for encoder in encoders])
        mean = np.stack([encoder.mean for encoder in encoders])
        fill = (np.stack([encoder.fill for encoder in encoders]) - mean) * slope
        if replaced is None:
            replaced = np.stack([encoder.replaced(entries) for encoder in encoders])
        coded = encoders[0].coded
        means = (replaced - mean[:, None, coded]) * slope[:, None, coded]
        gaps = values.sum(0).isnan().nonzero()[:, 0]  # a sum with NaN is NaN
        return cls(
            d_in=slope.shape[1],
            entries=values.to(device),
            slope=_padded(slope).to(device),
            shift=_padded(-mean * slope).to(device),
            gaps=gaps.to(device),
            fill=torch.from_numpy(fill[:, gaps.numpy()].astype(np.float32)).to(device),
            coded=torch.from_numpy(coded).to(device),
            means=torch.from_numpy(means.astype(np.float32)).to(device),
        )

    @classmethod
    def plain(cls, table: np.ndarray) -> Self:
        """Return inputs of a single fold from standardised rows [rows, d_in]."""
        values = _padded(table)
        slope, nothing = torch.ones_like(values[:1]), torch.zeros(1, 0)
        none, d_in = nothing[0].long(), table.shape[1]
        return cls(d_in, values, slope, slope * 0, none, nothing, none, nothing)

    def of_fold(self, number: int) -> Tensor:
        """Return all rows, standardised by one fold, shape (rows, d_in), unpadded."""
        every = torch.arange(len(self.entries), device=self.entries.device)
        return self.gather(torch.tensor([number]), every[None])[0, :, : self.d_in]

    def made_ready(self) -> Self:
        """Return the same inputs, of a short table with the rows of each fold ready."""
        folds, rows = self.slope.shape[0], self.entries.shape[0]
        if folds * self.entries.numel() > READY:
            return self
        every = torch.arange(rows, device=self.entries.device).expand(folds, -1)
        ready = self.gather(torch.arange(folds, device=every.device), every)
        return replace(self, ready=ready.flatten(end_dim=1))

    def gather(self, fold: Tensor, index: Tensor, out: Tensor | None = None) -> Tensor:
        """Return standardised rows, imputed, shape (..., C, B, padded d_in).

        Args:
            fold: shape (C,), whose statistics are used.
            index: shape (..., C, B), the rows.
            out: memory for the result, if given.
        """
        shape = (*index.shape, self.entries.shape[1])
        x = torch.empty(shape, device=self.entries.device) if out is None else out
        flat = x.view(-1, shape[-1])
        if self.ready is not None:
            row = index + len(self.entries) * fold[:, None]
            torch.index_select(self.ready, 0, row.flatten(), out=flat)
            return x
        torch.index_select(self.entries, 0, index.flatten(), out=flat)
        # Two steps: addcmul rounds once in full SIMD vectors and twice in the rest.
        x *= self.slope[fold][:, None]
        x += self.shift[fold][:, None]
        x.clamp_(-FURTHEST, FURTHEST)
        if len(self.gaps):
            values = x.index_select(-1, self.gaps)
            imputed = torch.where(values.isnan(), self.fill[fold][:, None], values)
            x.index_copy_(-1, self.gaps, imputed)
        if len(self.coded):
            x.index_copy_(-1, self.coded, self.means[fold[:, None], index])
        return x


def _padded(values: np.ndarray) -> Tensor:
    return torch.from_numpy(padded_columns(values))
