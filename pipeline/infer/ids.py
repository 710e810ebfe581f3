"""Which column names the rows? And which only look as if they did?"""

from collections.abc import Iterable, Mapping

import numpy as np

from pipeline.infer.texts import Found, Tally, Texts
from pipeline.infer.words import find_word

_NAMES = frozenset(["row", "index", "key", "rowid", "uuid", "guid"])
_FEWEST_STEADY = 3  # rows, below which any numbers may rise steadily
_ROWS_PER_GROUP = 20
NO_ID = "no column has a different value in each row, so the rows are numbered"


def find_id(
    columns: Mapping[str, Texts], first: str, given: str | None
) -> tuple[str, Found] | None:
    """Return the column that names the rows, or None.

    Args:
        columns: The columns that are in both files, without the target.
        first: The name of the first column of train.csv.
        given: The name that the user gives.
    """
    if given is not None:
        return given, Found("id", "as given")
    named = [each for each in columns.values() if each.name.strip() and is_named(each)]
    named.sort(key=lambda each: not _ends_with_id(each))
    for each in named:
        if each.is_different_in_each_row and not _has_fractions(each):
            return each.name, Found("id", "different in each row")
    texts = columns.get(first)
    if texts and first.strip() and _rises_steadily(texts):
        return first, Found("id", "whole numbers that rise steadily", doubtful=True)
    return None


def find_other_id(texts: Texts) -> Found | None:
    """Return what a column with the name of an id is that names no rows, or None."""
    if not is_named(texts) or not texts.train.total:
        return None
    number, rows = len(texts.train), texts.train.total
    if number == rows:
        return Found("left out", "different in each row of train.csv: nothing to learn")
    if not _ends_with_id(texts) and number <= rows / 2:
        return None  # `key` may be that of a song
    if rows >= _ROWS_PER_GROUP * number and _shares_most(texts):
        reason = f"ids, each in {rows / number:.0f} rows"
        return find_word(texts, f"{reason}; or a group", doubtful=True)
    reason = (
        f"repeats {rows - number:,} times, so it may name a group: "
        f'group = "{texts.name}" keeps its rows in one fold'
    )
    return Found("left out", reason, doubtful=True)


def are_integers(tallies: Iterable[Tally]) -> bool:
    """Return whether all ids are positive integers of at most 15 digits."""
    return all(
        text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= 15
        for tally in tallies
        for text in tally.texts
    )


def is_named(texts: Texts) -> bool:
    """Return whether a column has the name of an id."""
    name = texts.name.strip().lower()
    return _ends_with_id(texts) or name in _NAMES or name.startswith("unnamed: ")


def _ends_with_id(texts: Texts) -> bool:
    return texts.tokens[-1:] == ("id",)


def _has_fractions(texts: Texts) -> bool:
    """Return whether some texts are numbers that are not whole."""
    numbers = texts.train.numbers[~np.isnan(texts.train.numbers)]
    return bool((numbers != np.floor(numbers)).any())


def _rises_steadily(texts: Texts) -> bool:
    """Return whether the rows of each file are whole numbers at one distance."""
    train, test = texts.train.numbers, texts.test.numbers
    if not texts.is_different_in_each_row or len(train) < _FEWEST_STEADY:
        return False
    return all(
        bool((numbers >= 0).all() and (numbers == np.floor(numbers)).all())
        and len(set(np.diff(numbers))) <= 1
        and bool((np.diff(numbers) > 0).all())
        for numbers in (train, test)
    )


def _shares_most(texts: Texts) -> bool:
    """Return whether at least half of the ids of test.csv are in train.csv."""
    asked = set(texts.test.texts)
    return len(asked.intersection(texts.train.texts)) * 2 >= max(1, len(asked))
