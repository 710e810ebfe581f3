"""Is a column a number, or a code of digits? Its right tail, and the knots of networks.

A knot is a number at which the lines of the networks may bend.
"""

import re
from math import gcd, inf
from typing import NamedTuple, Self

import numpy as np

from pipeline.infer.texts import SKEWED, SOME, Found, Texts, plain, skewness
from pipeline.infer.words import find_word

_YEARS = (1500, 2200)
_MANY_YEARS = 20  # distinct years, among which another number is an error
_POST = frozenset(["zip", "zipcode", "postcode", "postal"])
_CODES = _POST.union(
    ["code", "class", "subclass", "type", "category", "cat", "cluster", "region"],
    ["district", "sector", "store", "shop", "product", "brand", "model"],
)
_FEWEST_CODES, _MOST_CODES = 3, 1000  # distinct values
_ROWS_PER_CODE = 20
_RARE, _MOST_RARE = 5, 0.1  # rows of a rare code, and the share of codes that may be
_BEGINS_WITH_0 = re.compile("0[0-9]+")
_FULL = 0.5  # share of the whole numbers between two codes that may be codes too
_FEWEST_FOR_LOG = 20  # distinct values
_MANY_ROWS = 100  # of which whole numbers that are measured are rarely all different
_MOSTLY_BLANK = 0.3  # share of blank cells above which a column is doubtful
_MOST_PIECES = 8  # between knots
_ROWS_PER_PIECE = 150  # fewer rows tell little about a slope
_FEWEST_VALUES = 5  # for knots
_DIGITS = 4  # of a knot, so that a person can read it


class _Numbers(NamedTuple):
    """The numbers of a column: of train.csv, their rows, and of both files."""

    train: np.ndarray
    rows: np.ndarray
    both: np.ndarray

    @classmethod
    def of(cls, texts: Texts) -> Self | None:
        """Return the numbers of a column; None if a text is not one."""
        train, test = texts.train.numbers, texts.test.numbers
        both = np.concatenate([train, test])
        return None if np.isnan(both).any() else cls(train, texts.train.rows, both)

    @property
    def are_whole(self) -> bool:
        return bool((self.both == np.floor(self.both)).all())

    @property
    def span(self) -> str:
        return f"{plain(self.both.min())} to {plain(self.both.max())}"


def find_number(texts: Texts) -> Found | None:
    """Return what a column of numbers is, or None if a text is not a number."""
    numbers = _Numbers.of(texts) if texts.number_share == 1 else None
    if numbers is None:
        return None
    if numbers.train.min() == numbers.train.max() and not texts.train_blanks:
        return Found("left out", "the same in every row")
    if len(texts.train) == 1:
        reason = f"{plain(numbers.train[0])} or blank"
        return find_word(texts, reason, doubtful=True)
    found = _code(texts, numbers) or _measure(texts, numbers)
    if found.kind == "word":
        return found
    if knots := find_knots(numbers.train, numbers.rows):
        found = found._replace(keys={**found.keys, "knots": knots})
    return _with_blanks(found, texts)


def _with_blanks(found: Found, texts: Texts) -> Found:
    """Add the number of blank cells to what was found."""
    if not texts.blanks:
        return found
    if texts.blank_share > _MOSTLY_BLANK:
        reason = f"{found.reason}, {100 * texts.blank_share:.0f} % blank"
        return found._replace(reason=reason, doubtful=True)
    return found._replace(reason=f"{found.reason}, {texts.blanks:,} blank")


def _code(texts: Texts, numbers: _Numbers) -> Found | None:
    """Return the words that whole numbers stand for, if they look like codes."""
    if not numbers.are_whole:
        return None
    if any(map(_BEGINS_WITH_0.fullmatch, texts.train.texts[:SOME])):
        return find_word(texts, "numbers that begin with 0: codes", doubtful=True)
    number = len(numbers.train)
    if not _FEWEST_CODES <= number <= _MOST_CODES or _are_respelt(texts, numbers):
        return None
    if token := _code_token(texts, numbers):
        return find_word(texts, f'whole numbers, but a name with "{token}": codes')
    if not _are_like_codes(numbers):
        return None
    low, high = int(numbers.train.min()), int(numbers.train.max())
    reason = f"{number} whole numbers between {low} and {high} with gaps: codes"
    return find_word(texts, reason, doubtful=True)


def _are_respelt(texts: Texts, numbers: _Numbers) -> bool:
    """Return whether a number is written in two ways, like 20 and 20.0."""
    both = {*texts.train.texts, *texts.test.texts}
    return len(both) > len(np.unique(numbers.both))


def _code_token(texts: Texts, numbers: _Numbers) -> str | None:
    """Return the part of the name that marks numbers as codes, or None."""
    known = _POST if _are_years(numbers.both) else _CODES
    return next((token for token in texts.tokens if token in known), None)


def _are_like_codes(numbers: _Numbers) -> bool:
    """Return whether whole numbers look like postcodes.

    They have the same number of digits, at least two, and gaps between them. Nearly all
    are in many rows, while a measure has rare values. They are not rounded.
    """
    train, rows = numbers.train, numbers.rows
    low, high = int(train.min()), int(train.max())
    return (
        low >= 10
        and len(str(low)) == len(str(high))
        and not _are_years(numbers.both)
        and len(train) / (high - low + 1) <= _FULL
        and rows.mean() >= _ROWS_PER_CODE
        and (rows < _RARE).mean() <= _MOST_RARE
        and gcd(*(int(number) - low for number in train)) == 1
    )


def _are_years(values: np.ndarray) -> bool:
    return bool(_in_years(values).all())


def _in_years(values: np.ndarray) -> np.ndarray:
    return (values >= _YEARS[0]) & (values <= _YEARS[1])


def _years(values: np.ndarray) -> Found | None:
    """Return what whole numbers are if all, or all but one, are years."""
    years = _in_years(values)
    if years.mean() < 0.3:  # 0 and a year, each in both files, are half
        return None
    others = set(values[~years])
    if not others:
        return Found("number", f"years, {values.min():.0f} to {values.max():.0f}")
    if others == {0} and years.any():
        return Found("number", "years, and 0, which may mean none", doubtful=True)
    if len(others) == 1 and len(set(values[years])) >= _MANY_YEARS:
        return Found("number", f"years, but for {others.pop():.0f}", doubtful=True)
    return None


def _measure(texts: Texts, numbers: _Numbers) -> Found:
    """Return what a column of numbers is that are not codes."""
    both = numbers.both
    if numbers.are_whole and (found := _years(both)):
        return found
    skewed = skewness(numbers.train, numbers.rows)
    keys = {}
    reason = numbers.span
    if both.min() >= 0 and len(numbers.train) > _FEWEST_FOR_LOG and skewed > SKEWED:
        keys = {"range": (0.0, inf), "log": True}
        reason = f"{reason}, long right tail (skewness {skewed:.1f})"
    if (
        numbers.are_whole
        and texts.is_different_in_each_row
        and texts.train.total >= _MANY_ROWS
    ):
        reason = f"{reason}, different in each row: it may be an id"
        return Found("number", reason, doubtful=True, keys=keys)
    return Found("number", reason, keys=keys)


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
    knots = {float(f"{value:.{_DIGITS}g}") for value in quantiles}
    return sorted(knot for knot in knots if values[0] < knot < values[-1])
