"""Numbers as tick labels."""

import math

from pipeline.core.numbers import score_text


def score(value: float) -> str:
    """Return a score as text."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"


def short(value: float) -> str:
    """Return a number without a leading zero."""
    text = f"{value:.10g}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def whole(value: float) -> str:
    """Return a year or an epoch as text."""
    return f"{value:.0f}"


def amount(value: float) -> str:
    """Return a value of the target as text, large ones in thousands or millions."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.4g}{letter}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def percent(value: float) -> str:
    """Return an error of logs as percent of the target."""
    share = 100 * math.expm1(value)
    return f"{share:+.0f}%".replace("-", "−") if round(share) else "0%"


def signed(difference: float, error: float | None) -> str:
    """Return a difference of two scores, ± its standard error if it is known."""
    text = score_text(difference, signed=True) + (
        "" if error is None else f" ± {score_text(error)}"
    )
    return text.replace("-", "−")
