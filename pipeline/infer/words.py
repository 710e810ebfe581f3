"""Recognise words and free text, and choose the words of a vocabulary."""

from collections.abc import Sequence

import numpy as np

from pipeline.core.errors import short
from pipeline.data.cells import FEW, is_valid_word, respelt
from pipeline.data.marks import unusual_character
from pipeline.data.schema import ABSENT, OTHER
from pipeline.infer.texts import (
    SOME,
    TEST,
    TRAIN,
    Column,
    Found,
    Tally,
    as_numbers,
    joined,
)

_SCALES = (  # the fewest levels that must be met, and the words from lowest to highest
    (2, (("low",), ("medium",), ("high",))),
    (2, (("small",), ("medium",), ("large",))),
    (3, (("xs",), ("s",), ("m",), ("l",), ("xl",), ("xxl",))),  # S, M may be others
    (2, (("poor",), ("fair",), ("average", "typical"), ("good",), ("excellent",))),
    (2, (("po",), ("fa",), ("ta",), ("gd",), ("ex",))),
)
_MOST_LEVELS = max(len(scale) for _, scale in _SCALES)
_FEWEST_TEXTS = 10  # that are in one row only, in a column of free text
_SHORT_LIST = 30  # words, all of which are listed
_FEWEST_ROWS = 2  # a word in one row tells nothing of other rows
_SMALL_FILE = 200  # rows, of which all words may be in one row
_MOST_OTHERS = 0.5  # share of the rows whose words are not listed
ALMOST = 0.8  # share of numbers among the texts of a column of broken numbers
_MARKS = str.maketrans("", "", ",$€£% ")  # around the digits of a number


def find_text(column: Column, warning: str | None = None) -> Found:
    """Return what a column is if it is neither a number nor a date.

    Args:
        column: The column.
        warning: What else most of its texts are like.
    """
    if found := _ordered(column):
        return found
    warning = warning or _like_numbers(column)
    if why := _free_text(column):
        return Found("left out", joined(warning, why, by="; "), doubtful=True)
    return find_word(column, warning, doubtful=warning is not None)


def find_word(
    column: Column, reason: str | None = None, *, doubtful: bool = False
) -> Found:
    """Return a column of words, or leave it out if no word can be listed.

    Args:
        column: The column.
        reason: Why its cells are words, if there is a reason.
        doubtful: Whether a person should look at the column.
    """
    number = len(column.train)
    chosen = _chosen(column.train, column.train.total + column.train_blanks)
    listed = [word for word in chosen if is_valid_word(word)]
    new = len(set(column.test.texts).difference(column.train.texts))
    spelling = _other_spelling(column)
    others = bool(new) or len(listed) < number or number > _SHORT_LIST
    if others:
        listed = [word for word in listed if word != OTHER]
    if not listed:
        why = "too long or not printable" if chosen else "in one row only"
        reason = joined(reason, f"all {number:,} words are {why}", by="; ")
        return Found("left out", reason, doubtful=True)
    if _is_lost(column, listed):
        why = f"no cell of {TEST} is one of the {len(listed):,} words to list"
        return Found("left out", joined(spelling, why, by="; "), doubtful=True)
    unlisted = [
        f"{100 * share:.0f} % of the rows of {file} are others"
        for tally, file in ((column.train, TRAIN), (column.test, TEST))
        if (share := _unlisted_share(tally, listed)) > _MOST_OTHERS
    ]
    absent = bool(column.blanks) and ABSENT not in column.texts
    blank = (
        "a category of its own" if absent else f"missing, as {ABSENT} is a word here"
    )
    reason = joined(
        reason or f"{number:,} word{'s' * (number != 1)}",
        f"{len(listed):,} are listed" if len(listed) < number else None,
        f"{new:,} more in {TEST}" if new else None,
        spelling,
        *unlisted,
        f"{column.blanks:,} blank: {blank}" if column.blanks else None,
    )
    keys = {
        "blank": "none" if absent else None,
        "others": others,
        "vocabulary": _sorted(listed),
    }
    doubtful = doubtful or bool(unlisted) or spelling is not None
    return Found("word", reason, doubtful, keys)


def _other_spelling(column: Column) -> str | None:
    """Return which word of test.csv is one of train.csv in another spelling, if any."""
    new = set(column.test.texts).difference(column.train.texts)
    found = respelt(
        [text for text in column.test.texts if text in new], column.train.texts
    )
    for text, name in found.items():
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        return f"{TEST} has {short(text)} for {short(name)} of {TRAIN}{more}"
    return None


def _is_lost(column: Column, listed: list[str]) -> bool:
    """Return whether test.csv has several rows, and each has an unlisted word."""
    rows, blanks = column.test.total, column.blanks - column.train_blanks
    return rows > FEW and not blanks and column.test.without(listed).total == rows


def _chosen(train: Tally, file_rows: int) -> list[str]:
    """Return the words to list of a file with some rows."""
    repeat = train.rows >= _FEWEST_ROWS
    if len(train) <= _SHORT_LIST and (repeat.any() or file_rows < _SMALL_FILE):
        return [*train.texts]
    return [*train.texts[repeat]]


def _unlisted_share(tally: Tally, listed: list[str]) -> float:
    """Return the share of the rows, without blanks, whose words are not listed."""
    return tally.without(listed).total / max(1, tally.total)


def _sorted(words: list[str]) -> list[str]:
    """Return words in their order; numbers by size."""
    numbers = as_numbers(np.array(words, dtype=object))
    if np.isnan(numbers).any():
        return sorted(words)
    return [word for _, word in sorted(zip(numbers, words, strict=True))]


def _ordered(column: Column) -> Found | None:
    """Return a column whose words are on a known scale, or None."""
    words = {*column.texts}
    if len(words) > _MOST_LEVELS:
        return None
    for fewest, scale in _SCALES:
        level = {name: i for i, names in enumerate(scale) for name in names}
        by_level = {level.get(word.lower(), -1): word for word in words}
        if -1 not in by_level and fewest <= len(by_level) == len(words):
            levels = [word for _, word in sorted(by_level.items())]
            return ordered_words(column, levels, "a known scale")
    return None


def ordered_words(column: Column, levels: Sequence[str], reason: str) -> Found:
    """Return a column of words with an order.

    Args:
        column: The column.
        levels: Its words, from lowest to highest.
        reason: Why they have this order.
    """
    absent = bool(column.blanks) and ABSENT not in levels
    keys = {"blank": "none" if absent else None, "vocabulary": [*levels]}
    blanks = f"{column.blanks:,} blank: a category of its own" if absent else None
    return Found("ordered", joined(reason, blanks), keys=keys)


def _free_text(column: Column) -> str | None:
    """Return why a column is free text, or None if it is not."""
    train = column.train
    single = int((train.rows == 1).sum())
    if single >= _FEWEST_TEXTS and single > train.total / 2:
        return f"free text: {len(train):,} of {train.total:,} are different"
    return None


def _like_numbers(column: Column) -> str | None:
    """Return a warning if nearly all texts are numbers."""
    texts = column.texts
    others = texts[np.isnan(column.numbers)][:SOME]
    if len(others) and all(map(unusual_character, others)):
        unusual = unusual_character(others[0])
        return f"numbers, but {short(others[0])} has {unusual}: replace or remove it"
    if column.number_share >= ALMOST:
        return all_but("numbers", texts[np.isnan(column.numbers)])
    some = np.array([text.translate(_MARKS) for text in texts[:SOME]], dtype=object)
    if not np.isnan(as_numbers(some)).any():
        return "like numbers, but with commas or other marks; write them without"
    return None


def all_but(kind: str, others: np.ndarray) -> str:
    """Return that all texts are of a kind but for others."""
    rest = f"{kind} but for {short(others[0])}"
    alone = len(set(others)) == 1
    return f"{rest}; if it means a blank, add it to missing" if alone else rest
