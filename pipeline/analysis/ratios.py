"""The measures by which assessors judge predicted prices: COD, PRD and PRB.

A ratio is an out-of-fold prediction over the price. The measures and their usual ranges
are those of the International Association of Assessing Officers, Standard on Ratio
Studies, 2013: table 1-3, for houses of single families in older or mixed areas.
"""

import math
from typing import NamedTuple

import numpy as np

from pipeline.core.numbers import is_told_apart

_USUAL = {"COD": (5.0, 15.0), "PRD": (0.98, 1.03), "PRB": (-0.05, 0.05)}


class Measure(NamedTuple):
    """A measure: its name, what its value means, the value, and the usual range."""

    name: str
    meaning: str
    value: str
    usual: str


class Ratios(NamedTuple):
    """The measures of predictions that are compared with prices.

    Attributes:
        median: of the ratios.
        cod: the coefficient of dispersion, in percent.
        prd: the price-related differential.
        prb: the coefficient of price-related bias.
        prb_error: its standard error.
    """

    median: float
    cod: float
    prd: float
    prb: float
    prb_error: float

    @classmethod
    def of(cls, predicted: np.ndarray, actual: np.ndarray) -> "Ratios | None":
        """Compute the measures, or None unless all targets and predictions are above 0.

        Args:
            predicted: out of fold, shape (rows,).
            actual: shape (rows,).
        """
        if min(predicted.min(), actual.min()) <= 0:
            return None
        ratios = predicted / actual
        median = float(np.median(ratios))
        away = ratios / median - 1
        doublings = np.log2((actual + predicted / median) / 2)
        doublings -= doublings.mean()
        spread = float(doublings @ doublings) or 1.0
        prb = float(doublings @ away) / spread
        left = away - away.mean() - prb * doublings
        variance = float(left @ left) / max(len(left) - 2, 1) / spread
        return cls(
            median=median,
            cod=100 * float(np.abs(away).mean()),
            prd=float(ratios.mean() * actual.sum() / predicted.sum()),
            prb=prb,
            prb_error=math.sqrt(variance),
        )

    def measures(self) -> list[Measure]:
        """Return the measures as text, each with sentences that its value decides."""
        higher = "cheap" if self.prd > 1 else "expensive"
        sides = f"{higher} rows have the higher ratios"
        if round(self.prd, 3) == 1:
            sides = "cheap and expensive rows have about the same ratios"
        way = "higher" if self.prb > 0 else "lower"
        bias = f"At twice the price the ratio is {abs(self.prb):.1%} {way}"
        if not is_told_apart(self.prb, self.prb_error):
            bias += ", not told apart from no difference"
        return [
            _measure(
                "COD",
                self.cod,
                f"{self.cod:.1f}",
                f"On average a ratio is {self.cod:.1f}% above or below the median "
                f"ratio, {self.median:.3f}.",
            ),
            _measure(
                "PRD",
                self.prd,
                f"{self.prd:.3f}",
                f"The mean ratio is {self.prd:.3f} times the one that is weighted by "
                f"the price: {sides}.",
            ),
            _measure(
                "PRB", self.prb, f"{self.prb:.3f} ± {self.prb_error:.3f}", f"{bias}."
            ),
        ]


def _measure(name: str, value: float, text: str, meaning: str) -> Measure:
    low, high = _USUAL[name]
    if not low <= value <= high:
        meaning += f" It is {'below' if value < low else 'above'} the usual range."
    usual = f"{low:g} to {high:g}"
    return Measure(name, meaning, text.replace("-", "−"), usual.replace("-", "−"))
