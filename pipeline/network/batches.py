"""The rows of each cell, gathered into batches.

A cell is a fold and a seed: it says which rows a network learns, and in which order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.network.inputs import Inputs

GATHERED = 2**21  # numbers read at a time, 8 MB: all batches of an epoch of the houses


class Batch(NamedTuple):
    """Some rows of each cell.

    Shapes: inputs [C, B, d_in], targets [C, B], weight [C, B], which is 0 for padding,
    and share [C, B], what the row is of the weight of its batch.
    """

    inputs: Tensor
    targets: Tensor
    weight: Tensor
    share: Tensor


@dataclass(frozen=True)
class Rows:
    """The rows of each cell, which reads the inputs as its own fold's encoder does.

    Shapes: targets [folds, all rows]; fold [C], the fold of each cell; rows, C lists
    of row numbers. `longest` is the length of the longest list of all cells of a run,
    in whatever part they are: lists are padded by it, since sums over more zeros may
    round differently. weights [all rows], more than 0, say how much a row counts in the
    loss and in the errors; without them all count alike.
    """

    inputs: Inputs
    targets: Tensor
    fold: Tensor
    rows: list[Tensor]
    longest: int
    weights: Tensor | None = None

    def totals(self) -> Tensor:
        """What the rows of each cell weigh together, [C]."""
        if self.weights is None:
            return torch.tensor([len(own) for own in self.rows])
        return torch.stack([self.weights[own].sum() for own in self.rows])


class Batches:
    """Each cell's rows in so many batches, as even as can be, and padded.

    (A short last batch would move the weights as far as a full one.)

    They are gathered some at a time, into memory that the next ones overwrite: fresh
    memory takes the system longer to give than the rows take to read.
    """

    def __init__(self, rows: Rows, number: int, beside: int = 0) -> None:
        """Find memory for them; a row needs room for `beside` numbers elsewhere."""
        self._rows, device = rows, rows.inputs.entries.device
        self.width = -(-rows.longest // number)
        replicas, columns = len(rows.rows), rows.inputs.entries.shape[1]
        few = GATHERED // max(1, replicas * self.width * (columns + beside))
        shape = (min(max(1, few), number), replicas, self.width, columns)
        self._memory = torch.empty(shape, device=device)
        indices = numbered_from_1([len(own) for own in rows.rows])
        cut = [cut_evenly(own, number, self.width) for own in indices]
        self._places = torch.stack(cut, 1).to(device)

    def shuffled(self, generators: Sequence[torch.Generator]) -> Iterator[list[Batch]]:
        """The batches, each cell's rows in an order drawn from its own generator."""
        return self._gathered(
            [
                own[torch.randperm(len(own), generator=generator)]
                for own, generator in zip(self._rows.rows, generators, strict=True)
            ]
        )

    def in_order(self) -> Iterator[list[Batch]]:
        """The batches, each cell's rows in their order."""
        return self._gathered(self._rows.rows)

    def _gathered(self, rows: Sequence[Tensor]) -> Iterator[list[Batch]]:
        """The batches of these rows, of each cell in the order that they stand in."""
        padding = torch.zeros(1, dtype=torch.long)
        row_at = torch.cat([padding, *rows]).to(self._places.device)
        for indices in torch.split(self._places, len(self._memory)):
            gathered = self._look_up(row_at[indices], indices > 0)
            yield [Batch(*each) for each in zip(*gathered, strict=True)]

    def _look_up(self, index: Tensor, there: Tensor) -> Batch:
        """Rows [batches, C, B], as batches one above the other."""
        rows = self._rows
        weight = there.float()
        if rows.weights is not None:
            weight *= rows.weights[index]
        targets = rows.targets[rows.fold[:, None], index]
        share = weight / weight.sum(-1, keepdim=True)
        inputs = rows.inputs.gather(rows.fold, index, out=self._memory[: len(index)])
        return Batch(inputs, targets, weight, share)


def numbered_from_1(lengths: list[int]) -> tuple[Tensor, ...]:
    """Numbers for the items of some lists, one list after the other."""
    return torch.split(torch.arange(1, sum(lengths) + 1), lengths)


def cut_evenly(numbers: Tensor, pieces: int, width: int) -> Tensor:
    """Numbers [n] in pieces as even as can be, each padded with 0: [pieces, width].

    Sizes differ by one at most, larger ones first, as `tensor_split` has it.
    """
    cut = torch.zeros(pieces, width, dtype=numbers.dtype)
    for row, piece in zip(cut, numbers.tensor_split(pieces), strict=True):
        row[: len(piece)] = piece
    return cut
