"""Numbers with marks: a currency, a percent sign, a mark of thousands, a decimal comma.

A form shows the marks of a column around the number 1234.5: $1,234.5 or 1.234,5 €. Each
cell has the signs of the form; thousands may be written without their mark.
"""

import re
from functools import cache
from typing import NamedTuple

import pandas as pd

_FORM = re.compile(
    r"(?P<before>[^\d\s]*) ?1(?P<thousands>\D?)234(?P<decimal>[.,])5"
    r" ?(?P<after>[^\d\s]*)"
)


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


def without_marks(texts: pd.Series, marks: Marks) -> pd.Series:
    """Return texts as Python writes numbers; missing where a text does not fit."""
    before, thousands, decimal, after = map(re.escape, marks)
    groups = rf"[1-9][0-9]{{0,2}}(?:{thousands}[0-9]{{3}})+|" if thousands else ""
    found = texts.str.extract(
        rf"^(?:(?P<sign>[+-]?){before} ?|{before} ?(?P<inner>[+-]))"
        rf"(?P<whole>{groups}[0-9]+)(?:{decimal}(?P<fraction>[0-9]+))? ?{after}$"
    )
    whole = found["whole"]
    if thousands:
        whole = whole.str.replace(marks.thousands, "", regex=False)
    sign = found["sign"].fillna("") + found["inner"].fillna("")
    return pd.Series(sign + whole + "." + found["fraction"].fillna("0"), dtype=object)
