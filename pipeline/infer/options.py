"""What the user tells of a table, and whether it fits the headers of its files."""

from collections import Counter
from collections.abc import Collection
from difflib import get_close_matches
from typing import NamedTuple

import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.core.metrics import METRICS

TRAIN, TEST = "train.csv", "test.csv"
_SHOWN = 5  # names in a message


class Options(NamedTuple):
    """What the user tells of a table; None if it is inferred.

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
    """Check that each column has a name of its own, which a TOML file can have.

    Raises:
        UserError: It has not.
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
    """Check what does not depend on the files.

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
        UserError: It does not.
    """
    if name not in header:
        plain = {each.casefold(): each for each in header}
        near = get_close_matches(name.casefold(), plain, n=1)
        hint = (
            f"is {plain[near[0]]} meant?" if near else f"give one of {some_of(header)}"
        )
        raise UserError(f"{file}: no column is called {name}; --{option}: {hint}")


def check_id(
    name: str, train: pd.DataFrame, test: pd.DataFrame, missing: Collection[str]
) -> None:
    """Check that a column names the rows of both files.

    Raises:
        UserError: It does not.
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
    """Return the first of some names."""
    shown = [short(name)[1:-1] for name in [*names][:_SHOWN]]
    return ", ".join([*shown, "…"] if len(names) > _SHOWN else shown)
