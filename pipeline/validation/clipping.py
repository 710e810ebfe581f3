"""Bounds on predicted prices, fitted on the training rows of a fold.

A network extrapolates: for a house larger than all in training, it may predict any
price. But no house sells far above the highest price in its neighbourhood. So that
price plus a margin is the ceiling, and the lowest price of all is the floor. How far a
highest price may lie above all others is learned from the neighbourhoods themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class PriceBounds:
    """The bounds of one fold, as log prices.

    Attributes:
        floor: the lowest price.
        ceiling: the highest price plus the margin, by neighbourhood.
        highest: the highest price; the ceiling of other neighbourhoods, and of any.
    """

    floor: float
    ceiling: dict[str, float]
    highest: float

    @classmethod
    def fit(
        cls, neighbourhoods: pd.Series, log_price: np.ndarray, quantile: float
    ) -> Self:
        """Fit the bounds on training rows.

        Args:
            neighbourhoods: shape (rows,).
            log_price: shape (rows,).
            quantile: the margin is this quantile, over the neighbourhoods, of the gap
                between their highest price and the second highest.
        """
        prices = pd.Series(log_price, neighbourhoods.to_numpy())
        falling = prices.sort_values(ascending=False).groupby(level=0)
        highest, second = falling.nth(0), falling.nth(1)
        gaps = highest[second.index] - second  # of neighbourhoods with two houses
        margin = float(np.quantile(gaps, quantile)) if len(gaps) else 0.0
        ceiling = dict(zip(map(str, highest.index), highest + margin, strict=True))
        return cls(float(log_price.min()), ceiling, float(log_price.max()))

    def ceiling_of(self, neighbourhoods: pd.Series) -> np.ndarray:
        """Return the ceiling of each row, shape (rows,)."""
        ceilings = neighbourhoods.map(self.ceiling).astype(float)
        return np.asarray(ceilings.fillna(self.highest).clip(upper=self.highest))


@dataclass(frozen=True)
class RowBounds:
    """The bounds of all rows in each fold: floor [folds, 1], ceiling [folds, rows]."""

    floor: np.ndarray
    ceiling: np.ndarray

    @classmethod
    def of(cls, bounds: Sequence[PriceBounds], neighbourhoods: pd.Series) -> Self:
        """Return the bounds of rows, given those of each fold."""
        return cls(
            np.array([[each.floor] for each in bounds]),
            np.stack([each.ceiling_of(neighbourhoods) for each in bounds]),
        )

    def clip(self, log_price: np.ndarray) -> np.ndarray:
        """Clip log prices [..., folds, rows] to the bounds."""
        return np.asarray(np.clip(log_price, self.floor, self.ceiling))
