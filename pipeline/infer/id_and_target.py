"""Which column names the rows, and which is predicted, by which metric?

The user may give them as options, which are checked against the headers of the files.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.core.metrics import LOG_RMSE, METRICS
from pipeline.infer.texts import SKEWED, Found, Tally, Texts, plain, skewness
from pipeline.infer.words import find_word

TRAIN, TEST = "train.csv", "test.csv"
NO_ID = "no column has a different value in each row, so the rows are numbered"
_SHOWN = 5  # names in a message
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}
_ID_NAMES = frozenset(["row", "index", "key", "rowid", "uuid", "guid"])
_FEWEST_STEADY = 3  # rows, below which any numbers may rise steadily
_ROWS_PER_GROUP = 20


class Options(NamedTuple):
    """What the user gives of a table; None if it is inferred.

    Attributes:
        id: the column that names the rows.
        target: the column that is predicted.
        metric: the name of a metric.
        competition: the name of the competition in its address on Kaggle.
    """

    id: str | None = None
    target: str | None = None
    metric: str | None = None
    competition: str | None = None


def check_header(frame: pd.DataFrame, file: str) -> None:
    """Check that the columns have different names, which a TOML file can have.

    Raises:
        UserError: A name is there twice, or is not UTF-8.
    """
    for number, (name, times) in enumerate(Counter(frame.columns).items(), 1):
        if times > 1:
            raise UserError(
                f"{file}: the column {short(name)} is there {times} times; rename one"
            )
        if any("\ud800" <= char <= "\udfff" for char in name):
            raise UserError(
                f"{file}: the name of column {number} is not UTF-8; rename it"
            )


def check_options(options: Options) -> None:
    """Check the options as far as they do not depend on the files.

    Raises:
        UserError: An option is wrong.
    """
    if options.metric not in {None, *METRICS}:
        raise UserError(
            f"--metric {options.metric}: unknown; give one of {', '.join(METRICS)}"
        )
    for name, value in zip(Options._fields, options, strict=True):
        if value is not None and not value.strip():
            raise UserError(f"--{name}: empty; give a name, or leave --{name} away")
    if not (options.competition or " ").isprintable():
        raise UserError("--competition: not printable; give the name in its address")
    if options.target is not None and options.target == options.id:
        raise UserError(f"--id and --target are both {options.id}; give two columns")


def check_name(name: str, header: Collection[str], file: str, option: str) -> None:
    """Check that a column exists.

    Raises:
        UserError: The header does not have it.
    """
    if name not in header:
        spelt = {column.casefold(): column for column in header}
        near = get_close_matches(name.casefold(), spelt, n=1)
        hint = (
            f"is {spelt[near[0]]} meant?" if near else f"give one of {some_of(header)}"
        )
        raise UserError(f"{file}: no column is called {name}; --{option}: {hint}")


def check_id(
    name: str, train: pd.DataFrame, test: pd.DataFrame, missing: Collection[str]
) -> None:
    """Check that a column names the rows of both files.

    Raises:
        UserError: It is missing, has a blank cell, or a value twice.
    """
    for frame, file in ((train, TRAIN), (test, TEST)):
        check_name(name, list(frame.columns), file, "id")
        cells = frame[name]
        for wrong, why in (
            (cells.isin([*missing]), "is blank"),
            (cells.duplicated(), "is in an earlier line too"),
        ):
            if wrong.any():
                row = int(wrong.to_numpy().argmax())
                raise UserError(
                    f"{file}: column {name}, line {row + 2}: {short(cells.iloc[row])} "
                    f"{why}; give another column with --id, or leave --id away"
                )


def some_of(names: Collection[str]) -> str:
    """Return the first few names, for a message."""
    shown = [short(name)[1:-1] for name in [*names][:_SHOWN]]
    return ", ".join([*shown, "…"] if len(names) > _SHOWN else shown)


def find_target(train: pd.DataFrame, test: pd.DataFrame, options: Options) -> str:
    """Return the column that is predicted.

    Raises:
        UserError: It follows neither from the files nor from the options.
    """
    if options.target is not None:
        check_name(options.target, list(train.columns), TRAIN, "target")
        if options.target in test.columns:
            raise UserError(
                f"{TEST}: has the target {options.target} too; remove the column, or "
                "give another one with --target"
            )
        return options.target
    only = [name for name in train.columns if name not in test.columns]
    if not only:
        raise UserError(
            f"{TRAIN}: all columns are in {TEST} too; remove the one to predict from "
            f"{TEST}, or are the two files the same or swapped?"
        )
    if len(only) > 1:
        number = _NUMBERS.get(len(only), f"{len(only):,}")
        raise UserError(
            f"{TRAIN}: {number} columns are not in {TEST}: {some_of(only)}; give the "
            "one to predict with --target"
        )
    if not only[0].strip():
        raise UserError(f"{TRAIN}: the column to predict has no name; give it one")
    return only[0]


def find_metric(cells: pd.Series, target: str, metric: str | None) -> tuple[str, str]:
    """Return the metric of a target, and why.

    Args:
        cells: The column of the target as text.
        target: Its name.
        metric: The one that the user wants, if one is given.

    Raises:
        UserError: A cell is not a number, or is not above 0 for the metric log-rmse.
    """
    numbers = _numbers(cells, target)
    if metric is not None and numbers.min() <= METRICS[metric].scale.above:
        row, above = int(numbers.argmin()), METRICS[metric].scale.above
        raise UserError(
            f"{TRAIN}: column {target}, line {row + 2}: {plain(numbers[row])} is not "
            f"above {above:g}, so it has no logarithm; give another --metric than "
            f"{metric}"
        )
    span = f"{plain(numbers.min())} to {plain(numbers.max())}"
    if metric is not None:
        return metric, span
    skewed = skewness(numbers, np.ones(len(numbers)))
    if numbers.min() > 0 and skewed > SKEWED:
        return LOG_RMSE.name, f"{span}, long right tail (skewness {skewed:.1f})"
    return "rmse", span


def _numbers(cells: pd.Series, target: str) -> np.ndarray:
    texts = cells.to_numpy(dtype=object)
    if not len(texts):
        raise UserError(f"{TRAIN}: a header but no rows; give the training rows")
    numbers = np.asarray(pd.to_numeric(texts, errors="coerce"), dtype=float)
    broken = ~np.isfinite(numbers)
    if broken.any():
        row = int(broken.argmax())
        raise UserError(
            f"{TRAIN}: column {target}, line {row + 2}: {short(texts[row])} is not a "
            "number; fix the cell, remove the row, or give another column with --target"
        )
    return numbers


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
    named = [c for c in columns.values() if c.name.strip() and is_named(c)]
    named.sort(key=lambda column: not _ends_with_id(column))
    for column in named:
        if column.is_different_in_each_row and not _has_fractions(column):
            return column.name, Found("id", "different in each row")
    texts = columns.get(first)
    if texts and first.strip() and _rises_steadily(texts):
        return first, Found("id", "whole numbers that rise steadily", doubtful=True)
    return None


def find_other_id(texts: Texts) -> Found | None:
    """Return what a column is that is called like an id but does not name the rows."""
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
    return _ends_with_id(texts) or name in _ID_NAMES or name.startswith("unnamed: ")


def _ends_with_id(texts: Texts) -> bool:
    return texts.tokens[-1:] == ("id",)


def _has_fractions(texts: Texts) -> bool:
    """Return whether some texts are numbers that are not whole."""
    numbers = texts.train.numbers[~np.isnan(texts.train.numbers)]
    return bool((numbers != np.floor(numbers)).any())


def _rises_steadily(texts: Texts) -> bool:
    """Return whether the cells of each file are whole numbers with equal steps."""
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
    test = set(texts.test.texts)
    return len(test.intersection(texts.train.texts)) * 2 >= max(1, len(test))
