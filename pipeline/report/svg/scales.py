"""Scales that map values to lengths in a drawing, with round ticks."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` to lengths from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    ticks: list[float]
    label: Callable[[float], str]
    log: bool = False

    @classmethod
    def linear(
        cls,
        values: ArrayLike,
        start: float,
        end: float,
        label: Callable[[float], str],
        *,
        most: int = 6,
    ) -> Self:
        """Return a scale from the smallest to the largest value, with round ticks."""
        low, high = _range(values)
        rough = (high - low) / most
        power = 10 ** math.floor(math.log10(rough))
        step = power * next(s for s in _STEPS if s * power >= rough * (1 - 1e-9))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        ticks = [round(n * step, 12) for n in range(first, last + 1)]
        return cls(low, high, start, end, ticks, label)

    @classmethod
    def logarithmic(
        cls, values: ArrayLike, start: float, end: float, label: Callable[[float], str]
    ) -> Self:
        """Return a logarithmic scale, with ticks at 1, 2 and 5 times powers of ten."""
        own = np.asarray(values, dtype=float)
        low, high = _range(own[own > 0])
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
        round_values = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        ticks = [tick for tick in round_values if low <= tick <= high]
        return cls(low, high, start, end, ticks, label, log=True)

    def __call__(self, values: ArrayLike) -> np.ndarray:
        """Return the length of each value, clipped to the ends."""
        own, low, high = np.asarray(values, dtype=float), self.low, self.high
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                own = np.log(own)
            low, high = math.log(low), math.log(high)
        share = np.clip((own - low) / (high - low), 0, 1)
        return np.asarray(self.start + share * (self.end - self.start))

    def at(self, value: float) -> float:
        """Return the length of one value."""
        return float(self(value))


def _range(values: ArrayLike) -> tuple[float, float]:
    """Return the smallest and the largest finite value, and never the same twice."""
    known = np.asarray(values, dtype=float).ravel()
    known = known[np.isfinite(known)]
    if not len(known):
        return 1.0, 2.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if high > low else (low - abs(low) / 10 - 1e-6, high + 1e-6)
