"""What a bootstrap draws: rows, or groups of rows where rows are not independent.

Rows of a group, such as the visits of a patient, err alike. A bootstrap that draws rows
takes each of them for a new observation, and finds too little chance. So whole groups
are drawn (Cameron, Gelbach and Miller, Bootstrap-based improvements for inference with
clustered errors, Review of Economics and Statistics, 2008).
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np


class Units(NamedTuple):
    """The units that are drawn: rows, or groups.

    Attributes:
        of_row: the number of the unit of each row, shape (rows,).
        sizes: the number of rows of each unit, shape (units,).
    """

    of_row: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, rows: int, groups: np.ndarray | None = None) -> Self:
        """Return the groups as units; without groups each row is one."""
        if groups is None:
            return cls(np.arange(rows), np.ones(rows, dtype=int))
        _, of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        return cls(of_row, sizes)

    def merged(self, most: int) -> "Units":
        """Return at most so many units: random blocks of these, of nearly equal size.

        The variance of a mean over rows is the same, and a long table costs less.
        """
        if len(self.sizes) <= most:
            return self
        order = np.random.default_rng(0).permutation(len(self.sizes))
        of_row = (order % most)[self.of_row]
        return Units(of_row, np.bincount(of_row, minlength=most))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over the rows of each unit: [..., rows] -> [..., units]."""
        flat = values.reshape(-1, len(self.of_row))
        sums = [np.bincount(self.of_row, row, len(self.sizes)) for row in flat]
        return np.stack(sums).reshape(*values.shape[:-1], len(self.sizes))

    def draws(self, number: int) -> Iterator[np.ndarray]:
        """Yield how often each unit is in each bootstrap sample, shape (units,)."""
        generator, units = np.random.default_rng(0), len(self.sizes)
        for _ in range(number):
            drawn = generator.integers(units, size=units)
            yield np.bincount(drawn, minlength=units)
