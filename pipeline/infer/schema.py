"""Infer the schema of a table from its files, as a TOML file that a person can edit.

No column is compared with another one, or with the target.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from pipeline.core.errors import UserError, one_line, short
from pipeline.data.schema import ROW
from pipeline.infer.dates import find_date
from pipeline.infer.id_and_target import (
    NO_ID,
    TEST,
    TRAIN,
    Options,
    are_integers,
    check_header,
    check_id,
    check_options,
    find_id,
    find_metric,
    find_other_id,
    find_target,
)
from pipeline.infer.numbers import find_number
from pipeline.infer.texts import Found, Tally, Texts, find_missing
from pipeline.infer.toml import schema_text
from pipeline.infer.words import find_text

__all__ = ["Guess", "Inferred", "Options", "infer_schema"]


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


class Inferred(NamedTuple):
    """A schema as the text of a TOML file, and what it says of each column.

    Attributes:
        text: the TOML file.
        guesses: in the order of train.csv, then columns that only test.csv has.
    """

    text: str
    guesses: list[Guess]


def infer_schema(train: pd.DataFrame, test: pd.DataFrame, options: Options) -> Inferred:
    """Infer the schema of a table.

    Args:
        train: The cells of train.csv as text.
        test: The cells of test.csv as text.
        options: What the user gives.

    Raises:
        UserError: There is no target, an option does not fit the files, or no column
            can be read.
    """
    try:
        return _infer(train, test, options)
    except UserError as error:  # names and cells may have control characters
        raise UserError(one_line(error)) from None


def _infer(train: pd.DataFrame, test: pd.DataFrame, options: Options) -> Inferred:
    check_header(train, TRAIN)
    check_header(test, TEST)
    check_options(options)
    target = find_target(train, test, options)
    metric, why = find_metric(train[target], target, options.metric)
    in_train, in_test = (
        {name: Tally.of(frame[name]) for name in frame.columns if name != target}
        for frame in (train, test)
    )
    missing = find_missing(in_train, in_test)
    columns = {
        name: Texts.of(name, in_train[name], in_test[name], missing)
        for name in in_train
        if name in in_test
    }
    if options.id is not None:
        check_id(options.id, train, test, missing)
    ids = find_id(columns, train.columns[0], options.id)
    special = {target: Found("target", why), **dict([ids] if ids else [])}
    found = {
        name: special[name]
        if name in special
        else _column(name, in_train, columns, numbered=ids is None)
        for name in dict.fromkeys((*train.columns, *test.columns))
    }
    _check_result(found, target, numbered=ids is None)
    settings: dict[str, Any] = {"target": target, "metric": metric, "missing": missing}
    guesses = [
        Guess(name, column.kind, one_line(column.reason), column.doubtful)
        for name, column in found.items()
    ]
    if options.competition:
        settings["competition"] = options.competition
    if ids is None:
        guesses.append(Guess("", "id", NO_ID, doubtful=False))
        return Inferred(schema_text(settings, found, NO_ID), guesses)
    integers = are_integers([in_train[ids[0]], in_test[ids[0]]])
    settings = {"id": ids[0], "id_kind": "integer" if integers else "word", **settings}
    return Inferred(schema_text(settings, found), guesses)


def _column(
    name: str,
    in_train: Mapping[str, Tally],
    columns: Mapping[str, Texts],
    *,
    numbered: bool,
) -> Found:
    """Return what a column is that is neither the id nor the target."""
    if name not in columns:
        return Found("left out", f"not in {TEST if name in in_train else TRAIN}")
    if not name.strip() or name.startswith("Unnamed: "):
        return Found("left out", "a column without a name")
    if name == ROW and numbered:
        return Found("left out", f"{ROW} is the name of the numbers of the rows")
    texts = columns[name]
    number = len(texts.train)
    if not number:
        return Found("left out", "blank in every row")
    if number == 1 and not texts.train_blanks:
        return Found("left out", f"{short(texts.train.texts[0])} in every row")
    return (
        find_other_id(texts)
        or find_date(texts)
        or find_number(texts)
        or find_text(texts)
    )


def _check_result(found: Mapping[str, Found], target: str, *, numbered: bool) -> None:
    """Check that some column is read, and no name is used twice.

    Raises:
        UserError: No column is read, or the name of the target is taken.
    """
    if numbered and target == ROW:
        raise UserError(
            f"{TRAIN}: the target {ROW} has the name of the numbers of the rows; "
            "rename it, or give a column of ids with --id"
        )
    if all(c.kind in {"id", "target", "left out"} for c in found.values()):
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
