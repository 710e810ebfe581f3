"""How far a prediction may go: learned from a fold's training rows.

A network extrapolates: of a house larger than all it has seen, it may say any price.
But no house sells far above the dearest one of its neighbourhood, so that, and a
margin, is its ceiling; the lowest price of all is every house's floor.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

MARGIN = 0.2  # in log price: a ceiling lies 22 % above the dearest sale


@dataclass(frozen=True)
class PriceBounds:
    """Log prices: a floor for all, a ceiling for each neighbourhood and any other."""

    floor: float
    ceiling: dict[str, float]
    highest: float

    @classmethod
    def fit(cls, neighbourhoods: pd.Series, log_price: np.ndarray) -> Self:
        """Learn from training rows, [rows] both."""
        dearest = pd.Series(log_price).groupby(neighbourhoods.to_numpy()).max()
        ceiling = {str(name): top + MARGIN for name, top in dearest.items()}
        return cls(float(log_price.min()), ceiling, float(log_price.max()))

    def ceiling_of(self, neighbourhoods: pd.Series) -> np.ndarray:
        """The ceiling of each row, [rows]; of an unknown neighbourhood the highest."""
        ceilings = neighbourhoods.map(self.ceiling).astype(float)
        return np.asarray(ceilings.fillna(self.highest).clip(upper=self.highest))
