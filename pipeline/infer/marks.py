"""Find the marks of a column of numbers: currency, percent, thousands, decimals."""

import re
from typing import NamedTuple

import numpy as np

from pipeline.data.marks import SPACE, Marks, without_marks
from pipeline.infer.texts import as_numbers

# Thousands and decimals; what is likelier comes first.
_PAIRS = (
    *(("", "."), (",", "."), ("", ","), (".", ","), (" ", ","), (" ", ".")),
    *((sign, point) for sign in "'\u2019\u00a0\u202f" for point in ".,"),
)
_SIGNS = (
    *"$€£¥₹₽₩₺₫₴₪฿%",
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "BRL", "SEK"),
    *("NOK", "DKK", "PLN", "CZK", "MXN", "ZAR", "KRW", "SGD", "HKD", "NZD", "TRY"),
    *("US$", "R$", "A$", "C$", "kr", "zł"),
)
_ANY_SIGN = "|".join(map(re.escape, _SIGNS))
_AROUND = re.compile(
    rf"[+-]?(?:(?P<before>{_ANY_SIGN}){SPACE})?[+-]?[0-9](?:.*[0-9])?"
    rf"(?:{SPACE}(?P<after>{_ANY_SIGN}))?"
)


class FoundMarks(NamedTuple):
    """The marks of a column, its numbers as Python writes them, and another reading.

    Attributes:
        marks: the likeliest marks.
        plain: the texts without them, as Python writes numbers.
        other: other marks, with which the numbers are others; None if there are none.
    """

    marks: Marks
    plain: np.ndarray
    other: Marks | None


def find_marks(texts: np.ndarray) -> FoundMarks | None:
    """Return the marks that all texts have, or None if they are not numbers."""
    around = _AROUND.fullmatch(texts[0]) if len(texts) else None
    if around is None:
        return None
    before, after = around["before"] or "", around["after"] or ""
    fitting: list[tuple[Marks, np.ndarray]] = []
    for thousands, decimal in _PAIRS:
        marks = Marks(before, thousands, decimal, after)
        plain = _plain(texts, marks)
        if plain is not None:
            fitting.append((marks, plain))
    if not fitting:
        return None
    (marks, plain), *others = fitting
    numbers = as_numbers(plain)
    other = next((m for m, p in others if (as_numbers(p) != numbers).any()), None)
    return FoundMarks(marks, plain, other)


def _plain(texts: np.ndarray, marks: Marks) -> np.ndarray | None:
    """Return all texts without marks, or None if one does not fit."""
    found = []
    for text in texts:
        plain = without_marks(text, marks)
        if plain is None:
            return None
        found.append(plain)
    return np.array(found, dtype=object)
