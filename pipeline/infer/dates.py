"""Recognise a column of dates, and their format."""

import numpy as np
import pandas as pd

from pipeline.infer.texts import Column, Found, joined

_FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H%M%S"),
)
_COMPACT = "%Y%m%d"  # also a whole number
_COMPACT_YEARS = range(1900, 2101)
_NAMES = frozenset(["date", "day", "time"])
_SOME = 100  # texts that are read first, to refuse a format fast


def find_date(column: Column) -> Found | None:
    """Return the format of a column of dates, or None if a text is not a date."""
    fitting = [form for form in _formats(column) if _fits(column.texts, form)]
    if not fitting:
        return None
    days = pd.to_datetime(column.texts, format=fitting[0])
    span = f"dates, {days.min().date()} to {days.max().date()}"
    blanks = f"{column.blanks:,} blank" if column.blanks else None
    other = f"{fitting[1]} fits too" if len(fitting) > 1 else None
    reason = joined(joined(span, blanks), other, by="; ")
    return Found("date", reason, other is not None, {"format": fitting[0]})


def _formats(column: Column) -> tuple[str, ...]:
    """Return the formats to try."""
    if not column.number_share:
        return _FORMATS
    named = any(part in _NAMES or part.endswith("date") for part in column.tokens)
    return (_COMPACT,) if named else ()


def _fits(texts: np.ndarray, form: str) -> bool:
    """Return whether all texts are dates in a format."""
    for some in (texts[:_SOME], texts):
        # pandas also reads "today", and 201411 as a compact date.
        if not all(text[:1].isdigit() for text in some):
            return False
        if form == _COMPACT and not all(len(text) == 8 for text in some):
            return False
        days = pd.to_datetime(some, format=form, errors="coerce")
        if days.isna().any():
            return False
    return form != _COMPACT or bool(days.year.isin(_COMPACT_YEARS).all())
