"""Scores as text, for tables, messages and the report."""

import math


def score_text(score: float, *, signed: bool = False) -> str:
    """Return a score with four decimals; one of 10 or more with five digits."""
    decimals = 4
    if math.isfinite(score) and abs(score) >= 10:
        decimals = max(0, 4 - math.floor(math.log10(abs(score))))
    return f"{score:{'+' if signed else ''},.{decimals}f}"
