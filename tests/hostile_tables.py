"""Hostile changes of a small table, each with the outcome that it must have.

The table has an id `ref`, a number `size`, a word `shop`, a date `sold`, a free text
`note`, and the target `y`. A change has columns to itself, so that any changes of other
columns can be made beside it.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

TRAIN, TEST, NEW = FILES = ("train.csv", "test.csv", "new.csv")
ROWS = {TRAIN: 48, TEST: 16, NEW: 16}


def table(rows: int, seed: int) -> pd.DataFrame:
    """Sound rows, as text."""
    draw = np.random.default_rng(seed)
    size, shop = draw.uniform(1, 40, rows).round(1), draw.permutation(rows) % 3
    day = draw.permutation(rows) * 9
    target = 100 + 3 * size + 20 * shop + day / 50 + draw.normal(0, 1, rows)
    dates = pd.Timestamp("2021-03-01") + pd.to_timedelta(day, unit="D")
    return pd.DataFrame(
        {
            "ref": [f"R-{seed}{number:03}" for number in range(rows)],
            "size": [*map(repr, size.tolist())],
            "shop": np.take(["north", "south", "west"], shop),
            "sold": dates.strftime("%Y-%m-%d"),
            "note": [f"note {seed} {number}" for number in range(rows)],
            "y": [*map(repr, target.round(2).tolist())],
        },
        dtype=object,
    )


@cache
def sound() -> dict[str, pd.DataFrame]:
    """The rows of each file."""
    test = table(ROWS[TEST], 1).drop(columns="y")
    return {TRAIN: table(ROWS[TRAIN], 0), TEST: test, NEW: test}


@dataclass
class Case:
    """The files of a project, to be changed.

    Attributes:
        frames: the cells of each file, as text.
        names: the header of a column, where it is not that of the table.
        bytes_of: for some files, what is done to their bytes.
        schema: what is done to the text of schema.toml.
    """

    frames: dict[str, pd.DataFrame]
    names: dict[str, str] = field(default_factory=dict)
    bytes_of: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    schema: Callable[[str], str] = str

    def content(self, file: str) -> bytes:
        """The file as a spreadsheet would save it."""
        frame, text = self.frames[file], io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([self.names.get(name, name) for name in frame])
        writer.writerows(frame.to_numpy().tolist())
        return self.bytes_of.get(file, bytes)(text.getvalue().encode())


class Change(NamedTuple):
    """A change of a table and its outcome.

    Attributes:
        name: for a person.
        of: the columns, or files, of which no other change may be.
        make: changes a case.
        late: whether the change comes after `pipeline schema`.
        refused: a part of the one line by which it is refused; None if it is used.
        left_out: the column that is left out.
        said: a text that some command prints.
        same: whether predictions stay what they were.
        target: what a prediction was before the change of the targets.
    """

    name: str
    of: frozenset[str]
    make: Callable[[Case], None]
    late: bool = False
    refused: str | None = None
    left_out: str | None = None
    said: str = ""
    same: bool = True
    target: Callable[[np.ndarray], np.ndarray] | None = None


def case_of(changes: list[Change], *, late: bool = False, case: Case | None = None):
    """Make the early changes of a new case, or the late ones of a case."""
    case = case or Case({file: frame.copy() for file, frame in sound().items()})
    for change in changes:
        if change.late == late:
            change.make(case)
    return case


def cells(column, new, files=FILES, where=slice(None), **outcome):
    """Change the cells of a column in some rows of some files."""

    def make(case):
        for file in files:
            frame = case.frames[file]
            if column in frame:
                old = frame[column].to_numpy(copy=True)
                old[where] = [new(text) for text in old[where]]
                frame[column] = old

    places = "all rows" if where == slice(None) else f"rows {where}"
    return Change(
        f"{column} of {', '.join(files)}, {places}, such as {new('1.5')[:40]!r}",
        frozenset([column]),
        make,
        **outcome,
    )


def a_cell(column, text, file, **outcome):
    """Change the cell in line 7."""
    return cells(column, lambda _: text, (file,), slice(5, 6), **outcome)


def refused_cell(column, text, file):
    return a_cell(column, text, file, late=True, refused=f"column {column}, line ")


def file_as(file, what, new, refused=None):
    """Change the bytes of a file."""

    def make(case):
        case.bytes_of[file] = new

    return Change(f"{file}: {what}", frozenset([file]), make, refused=refused)


def renamed(column, name, **outcome):
    def make(case):
        case.names[column] = name

    return Change(
        f"{column} is called {name!r}",
        frozenset([f"name of {column}"]),
        make,
        **outcome,
    )


def schema_as(what, new, column, refused=None):
    """Change the text of schema.toml, about one column."""

    def make(case):
        case.schema = new

    of = frozenset(["schema.toml", column, f"name of {column}"])
    return Change(f"schema.toml: {what}", of, make, refused=refused, same=False)


def measured(scale: float, offset: float):
    """A number in another unit."""
    return lambda text: repr(float(text) * scale + offset)
