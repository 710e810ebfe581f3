"""Numbers as tick labels."""

import math


def score(value: float) -> str:
    """Return a log-RMSE as text."""
    return f"{value:.3f}"


def short(value: float) -> str:
    """Return a number without a leading zero."""
    text = f"{value:.10g}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def whole(value: float) -> str:
    """Return a year or an epoch as text."""
    return f"{value:.0f}"


def dollars(value: float) -> str:
    """Return a price as text, in thousands of dollars."""
    return f"${value / 1000:,.0f}k" if value >= 1000 else f"${value:,.0f}"


def percent(value: float) -> str:
    """Return an error in log price as percent of the price."""
    share = 100 * math.expm1(value)
    return f"{share:+.0f}%".replace("-", "−") if round(share) else "0%"


def signed(difference: float, error: float | None) -> str:
    """Return a difference of two log-RMSE, ± its standard error if it is known."""
    text = f"{difference:+.4f}" + ("" if error is None else f" ± {error:.4f}")
    return text.replace("-", "−")
