"""The formats of dates, and which parts of a date a format has.

A schema is checked by them before pandas, which reads dates, is loaded.
"""

import re
from datetime import datetime

ISO = "ISO8601"  # the format of dates like 2019-08-29, 2019-08-29T05:57:10.5+02:00

_MOMENT = datetime(2010, 11, 28, 13, 30)  # its units differ, and from 1900-01-01 too
UNITS = {
    "year": ("year", "month"),
    "month": ("month",),
    "day of year": ("month",),
    "weekday": ("year", "month", "day"),
    "hour": ("hour",),
}
"""The parts of a date that models read, and the units that each is computed from."""


def parts_of_format(form: str) -> list[str]:
    """Return the parts that dates in a format have; none if it is not a format."""
    read = _MOMENT
    if form != ISO:
        try:
            read = datetime.strptime(_MOMENT.strftime(form), form)
        except (TypeError, ValueError, OverflowError, re.error):
            return []  # re.error: a directive twice
    return [
        part
        for part, units in UNITS.items()
        if all(getattr(read, unit) == getattr(_MOMENT, unit) for unit in units)
    ]
