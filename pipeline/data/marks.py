"""Numbers with marks: a currency, a percent sign, a mark of thousands, a decimal comma.

A form shows the marks of a column around the number 1234.5: $1,234.5 or 1.234,5 €. Each
cell has the signs of the form; thousands may be written without their mark.
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

SPACE = "[ \u00a0\u202f]?"  # between a number and its sign
_FORM = re.compile(
    rf"(?P<before>[^\d\s]*){SPACE}1(?P<thousands>\D?)234(?P<decimal>[.,])5"
    rf"{SPACE}(?P<after>[^\d\s]*)"
)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?|[0-9]*\.[0-9]+)([eE][+-]?[0-9]+)?")


class Marks(NamedTuple):
    """The marks of a form, each of which may be empty."""

    before: str
    thousands: str
    decimal: str
    after: str

    @property
    def form(self) -> str:
        """The form that shows the marks."""
        return f"{self.before}1{self.thousands}234{self.decimal}5{self.after}"


@cache
def marks_of(form: str) -> Marks | None:
    """Return the marks that a form shows, or None if it is not a form."""
    found = _FORM.fullmatch(form)
    if found is None or found["thousands"] == found["decimal"]:
        return None
    return Marks(**found.groupdict())


@cache
def _pattern(marks: Marks) -> re.Pattern[str]:
    before, thousands, decimal, after = map(re.escape, marks)
    space_before, space_after = (SPACE if sign else "" for sign in (before, after))
    groups = rf"[1-9][0-9]{{0,2}}(?:{thousands}[0-9]{{3}})+|" if thousands else ""
    return re.compile(
        rf"(?:([+-]?){before}{space_before}|{before}{space_before}([+-]))"
        rf"({groups}[0-9]+)(?:{decimal}([0-9]+))?{space_after}{after}"
    )


def without_marks(text: str, marks: Marks) -> str | None:
    """Return a number as Python writes it, or None if the text does not fit."""
    found = _pattern(marks).fullmatch(text)
    if found is None:
        return None
    sign, inner, whole, fraction = found.groups(default="")
    digits = whole.replace(marks.thousands, "") if marks.thousands else whole
    return f"{sign or inner}{digits}.{fraction or 0}"


def unusual_character(text: str) -> str | None:
    """Name the first character without which a text would be a number, if there is one.

    It looks like a space, a minus sign or a digit, or is invisible: a no-break space,
    for example, which web pages and spreadsheets put beside numbers.
    """
    usual = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    usual = "".join(c for c in usual if unicodedata.category(c) not in {"Cf", "Zs"})
    if text.isascii() or not _NUMBER.fullmatch(usual):
        return None
    unusual = next(char for char in text if not char.isascii())
    name = unicodedata.name(unusual, "character").lower()
    return f"a {name} (U+{ord(unusual):04X})"
