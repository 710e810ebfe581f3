"""Where the lines of the networks may bend: quantiles of a column of numbers."""

import numpy as np

_MOST_PIECES = 8
_ROWS_PER_PIECE = 150  # fewer rows tell little about a slope
_FEWEST_VALUES = 5
_DIGITS = 4  # of a knot, so that a person can read it


def find_knots(values: np.ndarray, rows: np.ndarray) -> list[float]:
    """Return the knots of a column, none for few rows or few values.

    The pieces between them have about equally many training rows.

    Args:
        values: The different numbers.
        rows: The number of training rows of each.
    """
    pieces = min(_MOST_PIECES, int(rows.sum()) // _ROWS_PER_PIECE)
    if pieces < 2 or len(values) < _FEWEST_VALUES:
        return []
    order = np.argsort(values)
    values, share = values[order], np.cumsum(rows[order]) / rows.sum()
    places = np.searchsorted(share, np.arange(1, pieces) / pieces)
    knots = {float(f"{values[place]:.{_DIGITS}g}") for place in places}
    return sorted(knot for knot in knots if values[0] < knot < values[-1])
