"""Find the column of ids, the target, and the metric.

The user may give them as options, which are checked against the headers of the files.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, meant, short
from pipeline.core.metrics import LOG_RMSE, METRICS
from pipeline.data.csv_reader import check_names
from pipeline.data.marks import unusual_character
from pipeline.infer.numbers import find_marks
from pipeline.infer.texts import (
    SAMPLE,
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

_SHOWN = 5  # names in a message
_ID_NAMES = frozenset(["row", "index", "key", "rowid", "uuid", "guid"])
_FEWEST_STEADY = 3  # rows, below which any numbers may rise steadily
_NUMBERED = f"only {TEST} has it, so the rows of {TRAIN} are numbered"
_OF_SAMPLE = 2  # columns of a sample submission: id and target
_MOST_CLASSES = 10  # different targets that may be classes
_ROWS_PER_GROUP = 2  # fewer rows per id, and most words would be in one row


def check_header(frame: pd.DataFrame, file: str) -> None:
    """Check that the columns have different names, which a TOML file can have.

    Raises:
        UserError: A name is there twice, or is not UTF-8.
    """
    check_names(file, list(frame.columns))
    for number, name in enumerate(frame.columns, 1):
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


def find_target(
    train: pd.DataFrame,
    test: pd.DataFrame,
    given: str | None,
    sample: Sequence[str] = (),
) -> str:
    """Return the column that is predicted.

    Args:
        train: The cells of train.csv.
        test: The cells of test.csv.
        given: The name that the user gives.
        sample: The header of sample_submission.csv, whose second column is the target.

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
    if len(sample) == _OF_SAMPLE and sample[1] in only:
        only = [sample[1]]
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


def read_target(cells: pd.Series, target: str) -> tuple[pd.Series, str | None]:
    """Return the targets by line number, and their form if they have marks.

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
    if broken.all() and not unusual_character(texts[0]):
        raise UserError(
            f"{TRAIN}: column {target}, line {cells.index[0]}: {short(texts[0])} is "
            "not a number, and no other cell is; classes cannot be predicted; give "
            "another column with --target"
        )
    if broken.any():
        row = int(broken.argmax())
        unusual = unusual_character(texts[row])
        why = f", as it has {unusual}" if unusual else ""
        raise UserError(
            f"{TRAIN}: column {target}, line {cells.index[row]}: {short(texts[row])} "
            f"is not a number{why}; fix the cell, remove the row, or give another "
            "column with --target"
        )
    return pd.Series(numbers, index=cells.index), form


def find_metric(
    targets: pd.Series, target: str, metric: str | None
) -> tuple[str, Found]:
    """Return the metric of a target, and what the target is.

    The metric is log-rmse if all targets are above 0 and have a long right tail: their
    errors are then shares. It is never rmsle, unless that is given: what log(1 + x) is
    depends on the unit of x.

    Args:
        targets: The numbers, by line number.
        target: The name of the column.
        metric: The one that the user wants, if one is given.

    Raises:
        UserError: A target is too low for the metric.
    """
    numbers = targets.to_numpy()
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
            f"{TRAIN}: column {target}, line {targets.index[row]}: "
            f"{plain(numbers[row])} is not above {above:g}, as {metric} needs it; give "
            "another --metric"
        )
    values = len(np.unique(numbers))
    if values > _MOST_CLASSES or values == len(numbers):
        return metric, Found("target", reason)
    reason += f", {values} values: if they are classes, they cannot be predicted"
    return metric, Found("target", reason, doubtful=True)


def find_id(
    columns: Mapping[str, Column],
    only_in_test: Mapping[str, Column],
    first: str,
    sample: Sequence[str] = (),
) -> tuple[str, Found] | None:
    """Return the column that names the rows, and why, or None.

    Args:
        columns: The columns that are in both files, without the target.
        only_in_test: The other columns of test.csv.
        first: The name of the first column of train.csv.
        sample: The header of sample_submission.csv, whose first column is the id.
    """
    unique = [
        column
        for column in (*columns.values(), *only_in_test.values())
        if column.is_different_in_each_row and column.name.strip()
    ]
    for column in unique:
        if len(sample) == _OF_SAMPLE and column.name == sample[0]:
            return _found_id(column, f"as in {SAMPLE}", only_in_test)
    named = [column for column in unique if _is_named(column)]
    named.sort(key=lambda each: (each.name in only_in_test, not _ends_with_id(each)))
    found = next((each for each in named if not _has_fractions(each)), None)
    if found is not None:
        return _found_id(found, "different in each row", only_in_test)
    if first.strip() and first in columns and _rises_steadily(columns[first]):
        reason = "whole numbers that rise steadily"
        return first, Found("id", reason, doubtful=True)
    return None


def _has_fractions(column: Column) -> bool:
    return bool((column.numbers % 1 > 0).any())


def _found_id(
    column: Column, reason: str, only_in_test: Collection[str]
) -> tuple[str, Found]:
    if column.name in only_in_test:
        return column.name, Found("id", f"{reason}; {_NUMBERED}", doubtful=True)
    return column.name, Found("id", reason)


def no_id(columns: Mapping[str, Column]) -> Found:
    """Return what is said of a table without ids: which columns could be ids."""
    possible = [
        column.name
        for column in columns.values()
        if column.is_different_in_each_row and not _has_fractions(column)
    ]
    reason = "no column has a different value in each row, so the rows are numbered"
    if possible:
        verb = "are" if len(possible) > 1 else "is"
        reason = (
            f"the rows are numbered; {_some_of(possible)} {verb} different in each "
            "row: if a column names the rows, give it with --id"
        )
    return Found("id", reason, doubtful=True)


def beside_sample(found: Found, name: str | None, sample: Sequence[str]) -> Found:
    """Return what an id is, doubtful if sample_submission.csv has another one."""
    if len(sample) != _OF_SAMPLE or sample[0] == name:
        return found
    other = f"{SAMPLE} has {short(sample[0])}, which does not name the rows"
    return found._replace(reason=f"{found.reason}; {other}", doubtful=True)


def check_id(
    name: str, train: pd.DataFrame, test: pd.DataFrame, missing: Collection[str]
) -> Found:
    """Return what the column is that the user gives, if it names the rows of each file.

    Raises:
        UserError: test.csv does not have it, or it has a blank cell or a value twice.
    """
    both = {TRAIN: train, TEST: test}
    for file, frame in both.items() if name in train else [(TEST, test)]:
        _check_name(name, frame, file, "id")
        cells = frame[name]
        for wrong, why in (
            (cells.isin([*missing]), "is blank"),
            (cells.duplicated(), "is in an earlier line too"),
        ):
            if wrong.any():
                row = int(wrong.to_numpy().argmax())
                raise UserError(
                    f"{file}: column {name}, line {cells.index[row]}: "
                    f"{short(cells.iloc[row])} {why}; give another column with --id, "
                    "or leave --id away"
                )
    return Found("id", "as given" if name in train else f"as given; {_NUMBERED}")


def find_other_id(column: Column) -> Found | None:
    """Return the kind of a column with the name of an id that identifies no rows."""
    if not _is_named(column) or not column.train.total or _has_fractions(column):
        return None  # an `index` with fractions may be that of prices
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


def kind_of_ids(
    name: str | None, train: pd.DataFrame, test: pd.DataFrame
) -> str | None:
    """Return "integer" for positive integers of at most 15 digits, or "word"."""
    if name is None:
        return None
    ids = pd.concat([frame[name] for frame in (train, test) if name in frame])
    return "integer" if ids.str.fullmatch("[1-9][0-9]{0,14}").all() else "word"


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
