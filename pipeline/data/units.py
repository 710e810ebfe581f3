"""The unit of a column of numbers that float32 does not hold as it is.

Models read float32, which has seven digits and no number beyond 3.4e38. Most columns
fit. Seconds since 1970 do not: near 1.7e9 float32 knows every 128th second only, and
below 1e-38 it knows nothing. Such a column is read as (number − origin) / size.

All training rows decide on the unit, so that all folds have the same. It is a linear
change which every model undoes: networks and ridge centre and scale the column by the
training rows of each fold, and trees only compare.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a record has units too, and reading one must not load NumPy
    import numpy as np
    import pandas as pd

_MOST_LOST = 1e-4  # of the spread, by rounding to float32
_SMALLEST, _GREATEST = 1e-30, 1e30  # spreads whose inverse float32 holds too
ROUNDING = 1e-14  # of the largest number: a smaller spread is that of sums of floats


@dataclass(frozen=True)
class Unit:
    """What is subtracted from a number, and what it is divided by."""

    origin: float
    size: float

    def of(self, values: "np.ndarray") -> "np.ndarray":
        """Return numbers in this unit."""
        return (values - self.origin) / self.size


def find_units(numbers: "pd.DataFrame") -> dict[str, Unit]:
    """Return the unit of each column that float32 does not hold as it is."""
    found = {str(name): _find_unit(numbers[name].to_numpy(float)) for name in numbers}
    return {name: unit for name, unit in found.items() if unit is not None}


def deviation(values: "np.ndarray", weights: "np.ndarray | None" = None) -> float:
    """Return the standard deviation, also where the squares of floats would be 0.

    Args:
        values: shape (n,).
        weights: of the values, shape (n,); None for equal weights.
    """
    import numpy as np

    centred = values - np.average(values, weights=weights)
    exponent = np.frexp(np.abs(centred).max())[1]  # a power of 2 rounds nothing
    squares = np.ldexp(centred, -exponent) ** 2
    root = np.sqrt(np.average(squares, weights=weights))
    return float(np.ldexp(root, exponent))


def _find_unit(values: "np.ndarray") -> Unit | None:
    import numpy as np

    values = values[~np.isnan(values)]
    if not len(values):
        return None
    low, origin, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    size = high - low or deviation(values)  # quartiles ignore a few wild values
    if size <= ROUNDING * abs(origin):
        return None
    with np.errstate(over="ignore"):
        lost = np.abs(values - values.astype(np.float32)).max()
    if lost <= _MOST_LOST * size and _SMALLEST <= size <= _GREATEST:
        return None
    return Unit(origin, size)
