"""Recognise columns of numbers and of codes; find marks, long right tails and knots.

Marks are a currency, a percent sign, or those of thousands and decimals. A knot is a
number at which the slope of the piecewise linear encoding changes.
"""

import re
from dataclasses import replace
from math import gcd, inf
from typing import NamedTuple

import numpy as np

from pipeline.data.marks import SPACE, Marks, without_marks
from pipeline.infer.texts import (
    SKEWED,
    SOME,
    Column,
    Found,
    Tally,
    as_numbers,
    joined,
    plain,
    skewness,
)
from pipeline.infer.words import find_word

_YEARS = (1500, 2200)
_MANY_YEARS = 20  # distinct years, among which another number is an error
_POST = frozenset(["zip", "zipcode", "postcode", "postal"])
_CODES = _POST.union(
    ["code", "class", "subclass", "type", "category", "cat", "cluster", "region"],
    ["district", "sector", "store", "shop", "product", "brand", "model"],
)
_NUMBERING = frozenset(["id", "no", "nr", "nbr", "num", "number", "code"])
_FEWEST_CODES = 3  # distinct values
_ROWS_PER_CODE = 20  # with fewer, a code is no better than a number
_RARE, _MOST_RARE = 5, 0.1  # rows of a rare code, and the share of codes that may be
_BEGINS_WITH_0 = re.compile("0[0-9]+")
_FULL = 0.5  # share of the whole numbers between two codes that may be codes too
_FEWEST_FOR_LOG = 20  # distinct values
_MANY_ROWS = 100  # of which whole numbers that are measured are rarely all different
_MOSTLY_BLANK = 0.3  # share of blank cells above which a column is doubtful
_MOST_PIECES = 8  # between knots
_ROWS_PER_PIECE = 150  # fewer rows tell little about a slope
_FEWEST_VALUES = 5  # for knots
_MOST_ROUNDED = 1e-3  # of the range of the numbers
_DIGITS = 4  # of a knot, so that a person can read it

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


def find_number(column: Column) -> Found | None:
    """Return what a column of numbers is, or None if a text is not a number."""
    if column.number_share < 1 or np.isnan(column.numbers).any():
        return _marked(column)
    train = column.train.numbers
    if train.min() == train.max() and not column.train_blanks:
        return Found("left out", "the same in every row")
    if len(train) == 1:
        return find_word(column, f"{plain(train[0])} or blank", doubtful=True)
    found = _code(column) or _years(column) or _measure(column)
    return found if found.kind != "number" else _with_knots(column, found)


def _marked(column: Column) -> Found | None:
    """Return what a column of numbers with marks is, or None if it is not one."""
    if len(column.train) == 1 or _code_token(column):
        return None  # 560 001 may be a postcode
    found = find_marks(column.texts)
    if found is None:
        return None
    number = len(column.train)
    train = Tally(found.plain[:number], column.train.rows)
    test = Tally(found.plain[number:], column.test.rows)
    unmarked = replace(column, train=train, test=test)
    measure = _with_knots(unmarked, _measure(unmarked))
    doubt = f'or is the form "{found.other.form}"?' if found.other else None
    reason = joined(f"numbers like {found.marks.form}", measure.reason)
    return measure._replace(
        reason=joined(reason, doubt, by="; "),
        doubtful=measure.doubtful or doubt is not None,
        keys={"form": found.marks.form, **measure.keys},
    )


def _with_knots(column: Column, found: Found) -> Found:
    """Return what a column of numbers is, with its knots and its blanks."""
    keys = {**found.keys, "knots": find_knots(column.train.numbers, column.train.rows)}
    share = column.blanks / (column.train.total + column.test.total + column.blanks)
    blanks = f"{column.blanks:,} blank" if column.blanks else None
    if share > _MOSTLY_BLANK:
        blanks = f"{100 * share:.0f} % blank"
    doubtful = found.doubtful or share > _MOSTLY_BLANK
    return Found("number", joined(found.reason, blanks), doubtful, keys)


def _code(column: Column) -> Found | None:
    """Return the words that whole numbers stand for, if they look like codes."""
    if not column.are_whole:
        return None
    if any(map(_BEGINS_WITH_0.fullmatch, column.train.texts[:SOME])):
        return find_word(column, "numbers that begin with 0: codes", doubtful=True)
    number = len(column.train)
    if number < _FEWEST_CODES or _are_respelt(column):
        return None
    if token := _code_token(column):
        few = column.train.total < _ROWS_PER_CODE * number
        reason = joined(
            f'whole numbers, but codes by the name "{token}"',
            f"each in {column.train.total / number:.0f} rows" if few else None,
        )
        return find_word(column, reason, doubtful=few)
    if not _are_like_codes(column):
        return None
    low, high = int(column.train.numbers.min()), int(column.train.numbers.max())
    reason = f"{number} whole numbers between {low} and {high} with gaps: codes"
    return find_word(column, reason, doubtful=True)


def _code_token(column: Column) -> str | None:
    """Return the part of the name by which whole numbers are codes, or None.

    It is the last part, as in zip_code, or the one before a part that means a number,
    as in store_nbr: product_price is a price. Codes are words only if most rows share
    theirs with another row.
    """
    if (column.train.rows == 1).sum() > column.train.total / 2:
        return None
    codes = _POST if _in_years(column.numbers).all() else _CODES
    *before, last = column.tokens or ("",)
    if last in codes:
        return last
    numbered = last in _NUMBERING and before and before[-1] in codes
    return before[-1] if numbered else None


def _are_respelt(column: Column) -> bool:
    """Return whether a number is written in two ways, like 20 and 20.0."""
    return len({*column.texts}) > len(np.unique(column.numbers))


def _are_like_codes(column: Column) -> bool:
    """Return whether whole numbers look like postcodes.

    They have the same number of digits, at least two, and gaps between them. Nearly all
    are in many rows, while a measure has rare values. They are not rounded.
    """
    train, rows = column.train.numbers, column.train.rows
    low, high = int(train.min()), int(train.max())
    return (
        low >= 10
        and len(str(low)) == len(str(high))
        and not _in_years(column.numbers).all()
        and len(train) / (high - low + 1) <= _FULL
        and rows.mean() >= _ROWS_PER_CODE
        and (rows < _RARE).mean() <= _MOST_RARE
        and gcd(*(int(number) - low for number in train)) == 1
    )


def _in_years(numbers: np.ndarray) -> np.ndarray:
    return (numbers >= _YEARS[0]) & (numbers <= _YEARS[1])


def _years(column: Column) -> Found | None:
    """Return what whole numbers are if all, or all but one, are years."""
    numbers, years = column.numbers, _in_years(column.numbers)
    # 0 and a year, each in both files, are half.
    if not column.are_whole or years.mean() < 0.3:
        return None
    others = set(numbers[~years])
    if not others:
        return Found("number", f"years, {numbers.min():.0f} to {numbers.max():.0f}")
    if others == {0}:
        return Found("number", "years, and 0, which may mean none", doubtful=True)
    if len(others) == 1 and len(set(numbers[years])) >= _MANY_YEARS:
        return Found("number", f"years, but for {others.pop():.0f}", doubtful=True)
    return None


def _measure(column: Column) -> Found:
    """Return what a column of numbers is that are neither codes nor years."""
    low, high = column.numbers.min(), column.numbers.max()
    skewed = skewness(column.train.numbers, column.train.rows)
    log = low >= 0 and len(column.train) > _FEWEST_FOR_LOG and skewed > SKEWED
    like_ids = (
        column.are_whole
        and column.is_different_in_each_row
        and column.train.total >= _MANY_ROWS
        and len(str(int(low))) == len(str(int(high)))
    )
    reason = joined(
        f"{plain(low)} to {plain(high)}",
        f"long right tail (skewness {skewed:.1f})" if log else None,
        "different in each row: it may be an id" if like_ids else None,
    )
    keys = {"range": (0.0, inf), "log": True} if log else {}
    return Found("number", reason, like_ids, keys)


def find_knots(values: np.ndarray, rows: np.ndarray) -> list[float]:
    """Return the knots of a column, or none for few rows or few values.

    About the same number of training rows is between one knot and the next.

    Args:
        values: The different numbers.
        rows: The number of training rows of each.
    """
    pieces = min(_MOST_PIECES, int(rows.sum()) // _ROWS_PER_PIECE)
    if pieces < 2 or len(values) < _FEWEST_VALUES:
        return []
    order = np.argsort(values)
    values, share = values[order], np.cumsum(rows[order]) / rows.sum()
    quantiles = values[np.searchsorted(share, np.arange(1, pieces) / pieces)]
    short = np.array([float(f"{value:.{_DIGITS}g}") for value in quantiles])
    # Of 1,000,000,000.5 to 1,000,000,003.5, six digits would be one knot.
    is_short = np.abs(short - quantiles) <= _MOST_ROUNDED * (values[-1] - values[0])
    knots = set(np.where(is_short, short, quantiles).tolist())
    return sorted(knot for knot in knots if values[0] < knot < values[-1])


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
