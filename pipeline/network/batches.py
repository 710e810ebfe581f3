"""The training and validation rows of each replica, gathered into batches.

A replica is a (fold, seed) pair. It determines which rows a network is trained on, and
in which order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import torch
from torch import Tensor

from pipeline.network.inputs import Inputs

GATHERED = 2**21  # numbers gathered at a time, 8 MB: an epoch of the competition's rows


class Batch(NamedTuple):
    """One batch of each replica.

    Shapes: inputs [C, B, d_in]; targets [C, B]; weight [C, B], 0 for padding; share
    [C, B], the weight of a row divided by the total weight of its batch.
    """

    inputs: Tensor
    targets: Tensor
    weight: Tensor
    share: Tensor


@dataclass(frozen=True)
class Rows:
    """The rows of each replica. Inputs are standardised by its fold's statistics.

    Attributes:
        inputs: all rows.
        targets: shape (folds, all rows).
        fold: shape (C,), the fold of each replica.
        rows: the row numbers of each of the C replicas.
        longest: the largest number of rows of any replica of the run, also of those in
            other parts of the stack. All are padded to it, since a sum with more zeros
            may round differently.
        weights: shape (all rows,), positive sample weights, which scale both losses and
            errors; None for equal weights.
    """

    inputs: Inputs
    targets: Tensor
    fold: Tensor
    rows: list[Tensor]
    longest: int
    weights: Tensor | None = None

    def emptied(self) -> Self:
        """Return the same replicas without any rows."""
        return replace(self, rows=[torch.arange(0)] * len(self.rows), longest=0)

    def totals(self) -> Tensor:
        """Return the total weight of each replica's rows, shape (C,)."""
        if self.weights is None:
            return torch.tensor([len(own) for own in self.rows])
        return torch.stack([self.weights[own].sum() for own in self.rows])


class Batches:
    """Each replica's rows, split into `number` batches and padded.

    Batch sizes differ by at most one row: a short last batch would change the weights
    as much as a full one. Batches are gathered a few at a time into the same memory,
    since allocating memory takes longer than reading the rows.

    Args:
        rows: the rows of each replica.
        number: batches per epoch.
        extra_per_row: numbers per row that a training step needs besides the inputs.
            The more, the fewer batches are gathered at a time.
    """

    def __init__(self, rows: Rows, number: int, extra_per_row: int = 0) -> None:
        self._rows, device = rows, rows.inputs.entries.device
        self.width = -(-rows.longest // number)
        replicas, columns = len(rows.rows), rows.inputs.entries.shape[1]
        few = GATHERED // max(1, replicas * self.width * (columns + extra_per_row))
        shape = (min(max(1, few), number), replicas, self.width, columns)
        self._memory = torch.empty(shape, device=device)
        indices = numbered_from_1([len(own) for own in rows.rows])
        cut = [cut_evenly(own, number, self.width) for own in indices]
        self._indices = torch.stack(cut, 1).to(device)

    def shuffled(self, generators: Sequence[torch.Generator]) -> Iterator[list[Batch]]:
        """Yield the batches, each replica's rows shuffled by its own generator."""
        return self._gathered(
            [
                own[torch.randperm(len(own), generator=generator)]
                for own, generator in zip(self._rows.rows, generators, strict=True)
            ]
        )

    def in_order(self) -> Iterator[list[Batch]]:
        """Yield the batches, each replica's rows in the given order."""
        return self._gathered(self._rows.rows)

    def _gathered(self, rows: Sequence[Tensor]) -> Iterator[list[Batch]]:
        padding = torch.zeros(1, dtype=torch.long)
        row_at = torch.cat([padding, *rows]).to(self._indices.device)
        for indices in torch.split(self._indices, len(self._memory)):
            gathered = self._look_up(row_at[indices], indices > 0)
            yield [Batch(*each) for each in zip(*gathered, strict=True)]

    def _look_up(self, index: Tensor, is_row: Tensor) -> Batch:
        """Return the rows [batches, C, B] as a `Batch` with a leading dimension."""
        rows = self._rows
        weight = is_row.float()
        if rows.weights is not None:
            weight *= rows.weights[index]
        targets = rows.targets[rows.fold[:, None], index]
        share = weight / weight.sum(-1, keepdim=True)
        inputs = rows.inputs.gather(rows.fold, index, out=self._memory[: len(index)])
        return Batch(inputs, targets, weight, share)


def numbered_from_1(lengths: list[int]) -> tuple[Tensor, ...]:
    """Number the items of several lists consecutively, starting from 1."""
    return torch.split(torch.arange(1, sum(lengths) + 1), lengths)


def cut_evenly(numbers: Tensor, pieces: int, width: int) -> Tensor:
    """Split numbers [n] like `tensor_split`, padded with 0: [pieces, width]."""
    cut = torch.zeros(pieces, width, dtype=numbers.dtype)
    for row, piece in zip(cut, numbers.tensor_split(pieces), strict=True):
        row[: len(piece)] = piece
    return cut
