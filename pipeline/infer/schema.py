"""Infer the schema of a table from its files, as a TOML file that a person can edit.

No column is compared with another one, or with the target.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import pandas as pd

from pipeline.core.errors import UserError, one_line, short
from pipeline.core.metrics import METRICS
from pipeline.infer import id_and_target
from pipeline.infer.dates import find_date, nearly_dates
from pipeline.infer.numbers import find_number
from pipeline.infer.texts import TEST, TRAIN, Column, Found, Tally, find_missing
from pipeline.infer.toml import schema_text
from pipeline.infer.words import find_text, ordered_words


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


class Guess(NamedTuple):
    """What was inferred of a column: its kind, why, and whether it is doubtful.

    Attributes:
        column: its name; "" if there is no column of ids.
        kind: number, word, ordered, date, left out, id or target.
        reason: why, on one line.
        doubtful: whether a person should look at it.
    """

    column: str
    kind: str
    reason: str
    doubtful: bool

    @classmethod
    def of(cls, column: str, found: Found) -> Self:
        """Return what was found of a column."""
        return cls(column, found.kind, one_line(found.reason), found.doubtful)


class Inferred(NamedTuple):
    """A schema as the text of a TOML file, and what it says of each column.

    Attributes:
        text: the TOML file.
        guesses: in the order of train.csv, then columns that only test.csv has.
    """

    text: str
    guesses: list[Guess]


def infer_schema(
    train: pd.DataFrame,
    test: pd.DataFrame,
    options: Options,
    sample: Sequence[str] = (),
    orders: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Inferred:
    """Infer the schema of a table.

    Args:
        train: The cells of train.csv as text.
        test: The cells of test.csv as text.
        options: What the user gives.
        sample: The header of sample_submission.csv, if there is that file. Its columns
            are the id and the target, if they can be.
        orders: The words of columns that have an order, from lowest to highest.

    Raises:
        UserError: There is no target, an option does not fit the files, or no column
            can be read.
    """
    try:
        return _infer(train, test, options, sample, orders)
    except UserError as error:  # names and cells may have control characters
        raise UserError(one_line(error)) from None


def _infer(
    train: pd.DataFrame,
    test: pd.DataFrame,
    options: Options,
    sample: Sequence[str],
    orders: Mapping[str, Sequence[str]],
) -> Inferred:
    id_and_target.check_header(train, TRAIN)
    id_and_target.check_header(test, TEST)
    _check_options(options)
    target = id_and_target.find_target(train, test, options.target, sample)
    numbers, form = id_and_target.read_target(train[target], target)
    metric, about = id_and_target.find_metric(numbers, target, options.metric)
    in_train, in_test = (
        {name: Tally.of(frame[name]) for name in frame.columns if name != target}
        for frame in (train, test)
    )
    missing = find_missing(in_train, in_test)
    orders = {
        name: [word for word in words if word not in missing]
        for name, words in orders.items()
    }
    columns = {
        name: Column.of(name, in_train[name], in_test[name], missing)
        for name in in_train
        if name in in_test
    }
    if options.id is None:
        nothing = Tally.of(pd.Series(dtype=object))
        only_in_test = {
            name: Column.of(name, nothing, tally, missing)
            for name, tally in in_test.items()
            if name not in columns
        }
        ids = id_and_target.find_id(columns, only_in_test, train.columns[0], sample)
        id_name, of_id = ids or (None, id_and_target.no_id(columns))
        of_id = id_and_target.beside_sample(of_id, id_name, sample)
    else:
        id_name = options.id
        of_id = id_and_target.check_id(id_name, train, test, missing)
    special = {target: about}
    if id_name is not None:
        special[id_name] = _with_date(of_id, columns.get(id_name))
    found = {
        name: special[name]
        if name in special
        else _column(name, in_train, columns, orders)
        for name in dict.fromkeys((*train.columns, *test.columns))
    }
    _check_result(found)
    guesses = [Guess.of(name, column) for name, column in found.items()]
    if id_name is None:
        guesses.append(Guess.of("", of_id))
    settings: dict[str, Any] = {
        "id": id_name,
        "id_kind": id_and_target.kind_of_ids(id_name, train, test),
        "id_in_train": None if id_name is None or id_name in train else False,
        "target": target,
        "target_form": form,
        "metric": metric,
        "missing": missing,
        "competition": options.competition,
    }
    why_no_id = of_id.reason if id_name is None else None
    return Inferred(schema_text(settings, found, why_no_id), guesses)


def _with_date(found: Found, column: Column | None) -> Found:
    """Return what an id is, which is a feature too if it is a date."""
    date = find_date(column) if column is not None and len(column.train) > 1 else None
    if date is None or date.kind != "date":
        return found
    reason = f"{found.reason}; also {date.reason}"
    doubtful = found.doubtful or date.doubtful
    return Found("id", reason, doubtful, {"kind": "date", **date.keys})


def _check_options(options: Options) -> None:
    """Check the options as far as they do not depend on the files.

    Raises:
        UserError: An option is wrong.
    """
    if options.metric not in {None, *METRICS}:
        raise UserError(
            f"--metric {options.metric}: unknown; give one of {', '.join(METRICS)}"
        )
    for name, value in options._asdict().items():
        if value is not None and not value.strip():
            raise UserError(f"--{name}: empty; give a name, or leave --{name} away")
    if not (options.competition or " ").isprintable():
        raise UserError("--competition: not printable; give the name in its address")
    if options.target is not None and options.target == options.id:
        raise UserError(f"--id and --target are both {options.id}; give two columns")


def _column(
    name: str,
    in_train: Mapping[str, Tally],
    columns: Mapping[str, Column],
    orders: Mapping[str, Sequence[str]],
) -> Found:
    """Return what a column is that is neither the id nor the target."""
    if name not in columns:
        return Found("left out", f"not in {TEST if name in in_train else TRAIN}")
    column = columns[name]
    if why := _useless(column):
        return Found("left out", why)
    if name in orders:
        return ordered_words(column, orders[name], "in the order of its categories")
    return (
        id_and_target.find_other_id(column)
        or find_date(column)
        or find_number(column)
        or find_text(column, nearly_dates(column))
    )


def _useless(column: Column) -> str | None:
    """Return why a column is left out whatever its cells are, or None."""
    if not column.name.strip() or column.name.startswith("Unnamed: "):
        return "a column without a name"
    if not len(column.train):
        return "blank in every row"
    if len(column.train) == 1 and not column.train_blanks:
        return f"{short(column.train.texts[0])} in every row"
    return None


def _check_result(found: Mapping[str, Found]) -> None:
    """Check that some column is read.

    Raises:
        UserError: None is.
    """
    if not any(column.is_read for column in found.values()):
        why = [
            f"{name} ({column.reason})"
            for name, column in found.items()
            if column.kind == "left out"
        ]
        shown = ", ".join(why[:3]) or "there is only the target"
        raise UserError(
            f"{TRAIN}: no column to predict from: {shown}; add columns, or check that "
            "the files are right"
        )
