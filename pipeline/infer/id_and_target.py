"""Find the column of ids, the target, and the metric.

The user may give them as options, which are checked against the headers of the files.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, meant, short
from pipeline.core.metrics import LOG_RMSE, METRICS
from pipeline.infer.marks import find_marks
from pipeline.infer.texts import (
    SKEWED,
    TEST,
    TRAIN,
    Column,
    Found,
    as_numbers,
    plain,
    skewness,
)
from pipeline.infer.words import find_word

NO_ID = "no column has a different value in each row, so the rows are numbered"
_SHOWN = 5  # names in a message
_ID_NAMES = frozenset(["row", "index", "key", "rowid", "uuid", "guid"])
_FEWEST_STEADY = 3  # rows, below which any numbers may rise steadily
_MOST_CLASSES = 10  # different targets that may be classes
_ROWS_PER_GROUP = 2  # fewer rows per id, and most words would be in one row


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


def _check_name(name: str, frame: pd.DataFrame, file: str, option: str) -> None:
    """Check that a column exists.

    Raises:
        UserError: The frame does not have it.
    """
    if name not in frame:
        hint = meant(name, frame.columns, f"give one of {_some_of(frame.columns)}")
        raise UserError(f"{file}: no column is called {name}; --{option}: {hint}")


def _some_of(names: Collection[str]) -> str:
    """Return the first few names, for a message."""
    shown = [short(name)[1:-1] for name in [*names][:_SHOWN]]
    return ", ".join([*shown, "…"] if len(names) > _SHOWN else shown)


def find_target(train: pd.DataFrame, test: pd.DataFrame, given: str | None) -> str:
    """Return the column that is predicted.

    Args:
        train: The cells of train.csv.
        test: The cells of test.csv.
        given: The name that the user gives.

    Raises:
        UserError: It follows neither from the files nor from the options.
    """
    if given is not None:
        _check_name(given, train, TRAIN, "target")
        if given in test:
            raise UserError(
                f"{TEST}: has the target {given} too; remove the column, or give "
                "another one with --target"
            )
        return given
    only = [name for name in train.columns if name not in test]
    if not only:
        raise UserError(
            f"{TRAIN}: all columns are in {TEST} too; remove the one to predict from "
            f"{TEST}, or are the two files the same or swapped?"
        )
    if len(only) > 1:
        raise UserError(
            f"{TRAIN}: {len(only):,} columns are not in {TEST}: {_some_of(only)}; give "
            "the one to predict with --target"
        )
    if not only[0].strip():
        raise UserError(f"{TRAIN}: the column to predict has no name; give it one")
    return str(only[0])


class FoundTarget(NamedTuple):
    """The numbers of the target, and the form of its cells if they have marks."""

    numbers: np.ndarray
    form: str | None


def read_target(cells: pd.Series, target: str) -> FoundTarget:
    """Return the targets as numbers.

    Args:
        cells: The column of the target as text.
        target: Its name.

    Raises:
        UserError: There are no rows, or a cell is not a number.
    """
    texts = cells.to_numpy(dtype=object)
    if not len(texts):
        raise UserError(f"{TRAIN}: a header but no rows; give the training rows")
    numbers, form = as_numbers(texts), None
    if np.isnan(numbers).any() and (found := find_marks(texts)) and not found.other:
        numbers, form = as_numbers(found.plain), found.marks.form
    broken = np.isnan(numbers)
    if broken.all():
        raise UserError(
            f"{TRAIN}: column {target}, line 2: {short(texts[0])} is not a number, and "
            "no other cell is; classes cannot be predicted; give another column with "
            "--target"
        )
    if broken.any():
        row = int(broken.argmax())
        raise UserError(
            f"{TRAIN}: column {target}, line {row + 2}: {short(texts[row])} is not a "
            "number; fix the cell, remove the row, or give another column with --target"
        )
    return FoundTarget(numbers, form)


def find_metric(
    numbers: np.ndarray, target: str, metric: str | None
) -> tuple[str, Found]:
    """Return the metric of a target, and what the target is.

    The metric is log-rmse if all targets are above 0 and have a long right tail: their
    errors are then shares. It is never rmsle, unless that is given: what log(1 + x) is
    depends on the unit of x.

    Args:
        numbers: The targets.
        target: The name of the column.
        metric: The one that the user wants, if one is given.

    Raises:
        UserError: A target is too low for the metric.
    """
    reason = f"{plain(numbers.min())} to {plain(numbers.max())}"
    if metric is None:
        metric, skewed = "rmse", skewness(numbers, np.ones(len(numbers)))
        if numbers.min() > 0 and skewed > SKEWED:
            metric = LOG_RMSE.name
            reason += f", long right tail (skewness {skewed:.1f})"
    above = METRICS[metric].scale.above
    if numbers.min() <= above:
        row = int(numbers.argmin())
        raise UserError(
            f"{TRAIN}: column {target}, line {row + 2}: {plain(numbers[row])} is not "
            f"above {above:g}, as {metric} needs it; give another --metric"
        )
    values = len(np.unique(numbers))
    if values > _MOST_CLASSES or values == len(numbers):
        return metric, Found("target", reason)
    reason += f", {values} values: if they are classes, they cannot be predicted"
    return metric, Found("target", reason, doubtful=True)


def find_id(columns: Mapping[str, Column], first: str) -> tuple[str, Found] | None:
    """Return the column that names the rows, or None.

    Args:
        columns: The columns that are in both files, without the target.
        first: The name of the first column of train.csv.
    """
    named = [c for c in columns.values() if c.name.strip() and _is_named(c)]
    named.sort(key=lambda column: not _ends_with_id(column))
    for column in named:
        fractions = column.train.numbers % 1  # of which an id has none
        if column.is_different_in_each_row and not (fractions > 0).any():
            return column.name, Found("id", "different in each row")
    if first.strip() and first in columns and _rises_steadily(columns[first]):
        return first, Found("id", "whole numbers that rise steadily", doubtful=True)
    return None


def check_id(
    name: str, train: pd.DataFrame, test: pd.DataFrame, missing: Collection[str]
) -> tuple[str, Found]:
    """Return the column that the user gives, if it names the rows of both files.

    Raises:
        UserError: It is missing, has a blank cell, or a value twice.
    """
    for frame, file in ((train, TRAIN), (test, TEST)):
        _check_name(name, frame, file, "id")
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
    return name, Found("id", "as given")


def find_other_id(column: Column) -> Found | None:
    """Return the kind of a column with the name of an id that identifies no rows."""
    if not _is_named(column) or not column.train.total:
        return None
    number, rows = len(column.train), column.train.total
    if number == rows:
        return Found("left out", f"different in each row of {TRAIN}: nothing to learn")
    if not _ends_with_id(column) and number <= rows / 2:
        return None  # a `key` may be that of a song, for example
    if rows >= _ROWS_PER_GROUP * number and _shares_most(column):
        reason = f"ids, each in {rows / number:.0f} rows; or a group"
        return find_word(column, reason, doubtful=True)
    reason = (
        f"repeats {rows - number:,} times, so it may name a group: "
        f'group = "{column.name}" keeps its rows in one fold'
    )
    return Found("left out", reason, doubtful=True)


def are_integers(ids: pd.Series) -> bool:
    """Return whether all ids are positive integers of at most 15 digits."""
    return bool(ids.str.fullmatch("[1-9][0-9]{0,14}").all())


def _is_named(column: Column) -> bool:
    """Return whether a column has the name of an id."""
    name = column.name.strip().lower()
    return _ends_with_id(column) or name in _ID_NAMES or name.startswith("unnamed: ")


def _ends_with_id(column: Column) -> bool:
    return column.tokens[-1:] == ("id",)


def _rises_steadily(column: Column) -> bool:
    """Return whether the cells of each file are whole numbers with equal steps."""
    if not column.is_different_in_each_row or len(column.train) < _FEWEST_STEADY:
        return False
    if not column.are_whole or column.numbers.min() < 0:
        return False
    steps = [set(np.diff(tally.numbers)) for tally in (column.train, column.test)]
    return all(len(found) <= 1 and min(found, default=1) > 0 for found in steps)


def _shares_most(column: Column) -> bool:
    """Return whether at least half of the ids of test.csv are in train.csv."""
    test = set(column.test.texts)
    return len(test.intersection(column.train.texts)) * 2 >= max(1, len(test))
