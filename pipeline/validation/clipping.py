"""Bounds on predicted targets, fitted on the training rows of a fold.

A network extrapolates: for a house larger than all in training, it may predict any
price. But no house sells far above the highest price in its place, the word of the
column that the schema names as `ceiling`. So that target plus a margin is the ceiling,
and the lowest target of all is the floor. How far a highest target may lie above all
others is learned from the places themselves. Without such a column there is one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from pipeline.data.schema import Schema


@dataclass(frozen=True)
class TargetBounds:
    """The bounds of one fold, as transformed targets.

    Attributes:
        floor: the lowest target.
        ceiling: the highest target plus the margin, by place.
        highest: the highest target; the ceiling of other places, and of any.
    """

    floor: float
    ceiling: dict[str, float]
    highest: float

    @classmethod
    def fit(cls, places: pd.Series, transformed: np.ndarray, quantile: float) -> Self:
        """Fit the bounds on training rows.

        Args:
            places: shape (rows,).
            transformed: the transformed targets, shape (rows,).
            quantile: the margin is this quantile, over the places, of the gap between
                their highest target and the second highest.
        """
        targets = pd.Series(transformed, places.to_numpy())
        falling = targets.sort_values(ascending=False).groupby(level=0)
        highest, second = falling.nth(0), falling.nth(1)
        gaps = highest[second.index] - second  # of places with two rows
        margin = float(np.quantile(gaps, quantile)) if len(gaps) else 0.0
        ceiling = dict(zip(map(str, highest.index), highest + margin, strict=True))
        return cls(float(transformed.min()), ceiling, float(transformed.max()))

    def ceiling_of(self, places: pd.Series) -> np.ndarray:
        """Return the ceiling of each row, shape (rows,)."""
        ceilings = places.map(self.ceiling).astype(float)
        return np.asarray(ceilings.fillna(self.highest).clip(upper=self.highest))


@dataclass(frozen=True)
class RowBounds:
    """The bounds of all rows in each fold: floor [folds, 1], ceiling [folds, rows]."""

    floor: np.ndarray
    ceiling: np.ndarray

    @classmethod
    def of(cls, bounds: Sequence[TargetBounds], places: pd.Series) -> Self:
        """Return the bounds of rows, given those of each fold."""
        return cls(
            np.array([[fold.floor] for fold in bounds]),
            np.stack([fold.ceiling_of(places) for fold in bounds]),
        )

    def of_rows(self, rows: np.ndarray) -> "RowBounds":
        """Return the bounds of some rows."""
        return RowBounds(self.floor, self.ceiling[:, rows])

    def clip(self, transformed: np.ndarray) -> np.ndarray:
        """Clip transformed targets [..., folds, rows] to the bounds."""
        return np.asarray(np.clip(transformed, self.floor, self.ceiling))


def places_of(features: pd.DataFrame, schema: Schema) -> pd.Series:
    """Return the place of each row; the same for all without a column `ceiling`."""
    if schema.ceiling is None:
        return pd.Series("", index=features.index)
    return features[schema.ceiling]
