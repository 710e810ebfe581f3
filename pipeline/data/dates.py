"""Dates: how their texts are read, and what models read of them.

Models read parts of a date. The year has a fraction, the share that has passed, so that
it tells how late a date is. The day of year tells the season; the month would tell no
more. The weekday is a word: networks read it one-hot and trees by a target statistic,
since no order of weekdays suits a target. The hour has a fraction for the minutes. It
and the day of year have knots, as other numbers have, so that a linear model can follow
the course of a day and of a year.
"""

from collections.abc import Callable, Mapping

import pandas as pd

from pipeline.data.date_formats import ISO, parts_of_format

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KNOTS = {"hour": (3, 6, 9, 12, 15, 18, 21), "day of year": (61, 122, 183, 244, 305)}

_ZONE = r" ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?)"
_ISO_TEXT = rf"(\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)(?:{_ZONE})?"


def parse_dates(texts: pd.Series, form: str) -> pd.Series:
    """Return texts as datetimes, in seconds; NaT for a missing text and for no date.

    A zone is not read: the hour is that of the clock where the date was written.

    Args:
        texts: The texts.
        form: A format of `datetime.strptime`, or `ISO`.
    """
    if form == ISO:
        texts = texts.str.extract(f"^{_ISO_TEXT}$", expand=False)
    else:  # pandas reads "today" as a date
        texts = texts.where(texts.str.contains(r"\d", na=False))
    dates = pd.to_datetime(texts, format=form, errors="coerce").astype("datetime64[s]")
    return dates.where(dates.dt.year >= 1)  # pandas reads 0000-01-01 as a date


def _year(dates: pd.Series) -> pd.Series:
    passed = (dates.dt.day_of_year - 1) / 366
    return pd.Series(dates.dt.year + passed, index=dates.index)


def _weekday(dates: pd.Series) -> pd.Series:
    names = dict(enumerate(WEEKDAYS))
    return pd.Series(dates.dt.day_of_week.map(names), dtype=object)


def _hour(dates: pd.Series) -> pd.Series:
    moment = dates.dt
    return pd.Series(moment.hour + moment.minute / 60 + moment.second / 3600)


PARTS: Mapping[str, Callable[[pd.Series], pd.Series]] = {
    "year": _year,
    "month": lambda dates: dates.dt.month.astype(float),
    "day of year": lambda dates: dates.dt.day_of_year.astype(float),
    "weekday": _weekday,
    "hour": _hour,
}
"""The function that returns a part of each date of a column; NaN for a missing one."""


def differing_parts(dates: pd.Series, form: str) -> list[str]:
    """Return the parts in which dates of a format differ: those that models read.

    The month is not read beside the day of year. If all dates are on the same day of a
    month, their weekdays are chance.
    """
    parts = {part for part in parts_of_format(form) if _differ(PARTS[part](dates))}
    parts.discard("month")
    if not _differ(dates.dt.day):
        parts.discard("weekday")
        if not _differ(dates.dt.month):
            parts.discard("day of year")  # it differs in leap years
    return [part for part in PARTS if part in parts]


def _differ(values: pd.Series) -> bool:
    return len(values.unique()) > 1


def as_dates(column: pd.Series, form: str) -> pd.Series:
    """Return a column as dates, which it is already, or of which it has the texts."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    return parse_dates(column.astype(str), form)


def date_texts(dates: pd.Series, form: str | None) -> pd.Series:
    """Return the texts of dates in a format.

    Without one, it is ISO, with the time of day if some date is not at midnight.
    """
    if form is None and (dates == dates.dt.normalize()).all():
        form = "%Y-%m-%d"
    if form is None or form == ISO:
        form = "%Y-%m-%dT%H:%M:%S"
    return pd.Series(dates.dt.strftime(form))
