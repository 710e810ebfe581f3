"""Is a column a date, and in which format?"""

import numpy as np
import pandas as pd

from pipeline.infer.texts import Found, Texts

_FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"),
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H%M%S"),
)
_COMPACT = "%Y%m%d"  # also a whole number
_COMPACT_YEARS = (1900, 2100)
_NAMES = frozenset(["date", "day", "time"])
_SOME = 100  # texts that are read first, to refuse a format fast


def find_date(texts: Texts) -> Found | None:
    """Return the format of a column of dates, or None if a text is not a date."""
    both = np.concatenate([texts.train.texts, texts.test.texts])
    fitting = [form for form in _formats(texts) if _fits(both, form)]
    if not fitting:
        return None
    days = pd.to_datetime(both, format=fitting[0])
    reason = f"dates, {_day(days.min())} to {_day(days.max())}"
    if texts.blanks:
        reason = f"{reason}, {texts.blanks:,} blank"
    if len(fitting) > 1:
        reason = f"{reason}; {fitting[1]} fits too"
    return Found("date", reason, len(fitting) > 1, {"format": fitting[0]})


def _day(moment: pd.Timestamp) -> str:
    return moment.date().isoformat()


def _formats(texts: Texts) -> tuple[str, ...]:
    """Return the formats to try."""
    if not texts.number_share:
        return _FORMATS
    named = any(part in _NAMES or part.endswith("date") for part in texts.tokens)
    return (_COMPACT,) if named else ()


def _fits(both: np.ndarray, form: str) -> bool:
    """Return whether all texts are dates in a format."""
    for some in (both[:_SOME], both):
        # pandas also reads "today", and 201411 as a compact date.
        if not all(text[:1].isdigit() for text in some):
            return False
        if form == _COMPACT and not all(len(text) == 8 for text in some):
            return False
        days = pd.to_datetime(some, format=form, errors="coerce")
        if days.isna().any():
            return False
    first, last = _COMPACT_YEARS
    return form != _COMPACT or bool(
        days.year.min() >= first and days.year.max() <= last
    )
