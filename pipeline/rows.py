"""The rows of each cell, gathered into batches.

A cell is a fold and a seed: it says which rows a network learns, and in which order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.inputs import Inputs

GATHERED = 2**19  # cells read at a time: few calls, and all still in the cache


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

    def shuffled_batches(
        self, number: int, generators: Sequence[torch.Generator]
    ) -> Iterator[list[Batch]]:
        """The batches, each cell's rows in an order drawn from its own generator."""
        rows = [
            own[torch.randperm(len(own), generator=generator)]
            for own, generator in zip(self.rows, generators, strict=True)
        ]
        return self._gathered(rows, number)

    def batches(self, number: int) -> Iterator[Batch]:
        """Each cell's rows in their order, cut into `number` batches."""
        return chain.from_iterable(self._gathered(self.rows, number))

    def _gathered(self, rows: Sequence[Tensor], number: int) -> Iterator[list[Batch]]:
        """Cut rows into batches as even as can be, pad them, gather some at a time.

        (A short last batch would move the weights as far as a full one.)
        """
        width = -(-self.longest // number)
        cut = [cut_evenly(own, number, width) for own in rows]
        index = torch.stack([places for places, _ in cut], 1).to(self.targets.device)
        there = torch.stack([there for _, there in cut], 1).to(self.targets.device)
        few = max(1, GATHERED // max(1, self.inputs.cells.shape[1] * index[0].numel()))
        for start in range(0, number, few):
            end = start + few
            gathered = self._look_up(index[start:end], there[start:end])
            yield [Batch(*each) for each in zip(*gathered, strict=True)]

    def _look_up(self, index: Tensor, there: Tensor) -> Batch:
        """Rows [batches, C, B], as batches one above the other."""
        weight = there.float()
        if self.weights is not None:
            weight *= self.weights[index]
        targets = self.targets[self.fold[:, None], index]
        share = weight / weight.sum(-1, keepdim=True)
        return Batch(self.inputs.gather(self.fold, index), targets, weight, share)


def cut_evenly(rows: Tensor, number: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows [n] as batches [number, width], and where in those there is a row at all.

    Sizes differ by one at most, larger ones first, as `tensor_split` has it.
    """
    size, more = divmod(len(rows), number)
    sizes = torch.full((number, 1), size)
    sizes[:more] += 1
    place = torch.arange(width)
    there = place < sizes
    batches = torch.zeros(number, width, dtype=rows.dtype)
    batches[there] = rows
    return batches, there
