"""Recognise a column of dates, their format, and the parts that models read."""

import re
from datetime import datetime

import pandas as pd

from pipeline.data.date_formats import ISO, parts_of_format
from pipeline.data.dates import differing_parts, parse_dates
from pipeline.infer.texts import SOME, Column, Found, joined
from pipeline.infer.words import ALMOST, all_but, find_word

_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"),
    *("%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d-%b-%y", "%d%b%Y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y"),
)
_MONTHS = (
    *("%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%Y", "%B-%Y"),
    *("%b, %Y", "%B, %Y"),
)
_TIMES = (
    *("%H:%M:%S", "%H:%M", "%H:%M:%S.%f"),
    *("%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p"),
)
_COMPACT_TIME = "%Y%m%dT%H%M%S"
_LIKE_DATE = re.compile(
    r"(?P<day>\d{1,4}[-/. ]?(\d{1,2}|[a-z]{3,9})([-/. ]?\d{2,4})?"  # 2019-08, 29Aug2019
    r"|[a-z]{3,9}[- ,]+(\d{1,2},? )?\d{4})"  # Aug 29, 2019
    r"((?P<by>, |[ T])(?P<time>\d{1,2}:\d\d.*))?",
    re.IGNORECASE,
)
_TIME_ALONE = re.compile(r"\d{1,2}:\d\d.*")
_COMPACT = "%Y%m%d"  # also a whole number
_LIKELY_YEARS = range(1900, 2101)
_NAMES = frozenset(["date", "day", "time"])
_SOME = 100  # texts that are read first, to refuse a format fast


def find_date(column: Column) -> Found | None:
    """Return the format of a column of dates, or None if a text is not a date."""
    texts = pd.Series(column.texts, dtype=object)
    read = {form: parse_dates(texts, form) for form in _fitting(column, texts)}
    if not read:
        return None
    (form, dates), *others = read.items()
    if len(column.train) == 1:
        reason = f"{column.train.texts[0]} or blank"
        return find_word(column, reason, doubtful=True)
    parts = differing_parts(dates.head(len(column.train)), form)
    if not parts:
        return None
    other = next((f"{o} fits too" for o, d in others if not d.equals(dates)), None)
    if "year" in parts_of_format(form):
        span = f"dates, {dates.min().date()} to {dates.max().date()}"
    else:
        span = f"times of day, {dates.min():%H:%M} to {dates.max():%H:%M}"
        other = "or are they durations?"
    blanks = f"{column.blanks:,} blank" if column.blanks else None
    reason = joined(joined(span, blanks), other, by="; ")
    return Found("date", reason, other is not None, {"format": form, "parts": parts})


def nearly_dates(column: Column) -> str | None:
    """Return a warning if nearly all texts are dates of one format."""
    texts = pd.Series(column.texts[:SOME], dtype=object)
    for text in texts.head(2):  # one of them may be what is no date
        for form in _forms_of(text):
            broken = parse_dates(texts, form).isna()
            if ALMOST <= 1 - broken.mean() < 1:
                return all_but(f"dates like {text}", texts[broken].to_numpy())
    return None


def _fitting(column: Column, texts: pd.Series) -> list[str]:
    """Return the formats that all texts have; of several, the first is likeliest."""
    if column.number_share:
        named = any(part in _NAMES or part.endswith("date") for part in column.tokens)
        forms = [_COMPACT] if named else []
    else:
        forms = _forms_of(texts[0])
    fitting = [form for form in forms if _fits(texts, form)]
    if not fitting and not column.number_share and _fits(texts, ISO):
        return [ISO]
    return fitting


def _forms_of(text: str) -> list[str]:
    """Return the formats that one text has."""
    found = _LIKE_DATE.fullmatch(text)
    if found is None:
        alone = _TIMES if _TIME_ALONE.fullmatch(text) else (_COMPACT_TIME,)
        return [form for form in alone if _reads(text, form)]
    day, by, time = found.group("day", "by", "time")
    days = [form for form in _DAYS if _reads(day, form)]
    if time is None:
        return days + [form for form in _MONTHS if _reads(day, form)]
    times = [form for form in _TIMES if _reads(time, form)]
    return [f"{before}{by}{after}" for before in days for after in times]


def _reads(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _fits(texts: pd.Series, form: str) -> bool:
    """Return whether all texts are dates in a format."""
    for some in (texts.head(_SOME), texts):
        if form == _COMPACT and not some.str.fullmatch(r"\d{8}").all():
            return False  # pandas reads 201411 as a compact date
        dates = parse_dates(some, form)
        if dates.isna().any():
            return False
    years = dates.dt.year
    if form in (_COMPACT, *_MONTHS) and not years.isin(_LIKELY_YEARS).all():
        return False
    # 2019-1 may be a quarter, and 2001-02 a season, if all are a year and the next.
    next_year = (dates.dt.month == (years + 1) % 100).all()
    return form not in _MONTHS or bool(texts.str.len().min() >= 7 and not next_year)
