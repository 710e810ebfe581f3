"""Numbers as a picture writes them."""

import math


def score(value: float) -> str:
    """A log-RMSE."""
    return f"{value:.3f}"


def short(value: float) -> str:
    """A number without its zeros."""
    text = f"{value:.10g}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def whole(value: float) -> str:
    """A year, an epoch."""
    return f"{value:.0f}"


def dollars(value: float) -> str:
    """A price, in thousands."""
    return f"${value / 1000:,.0f}k" if value >= 1000 else f"${value:,.0f}"


def percent(value: float) -> str:
    """An error in log price, as percent of the price."""
    share = 100 * math.expm1(value)
    return f"{share:+.0f}%".replace("-", "−") if round(share) else "0%"
