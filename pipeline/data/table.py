"""A table: its schema, and the rules and built columns that belong to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from pipeline.data.own_columns import OwnColumns
from pipeline.data.schema import Schema

Formula = Callable[[pd.DataFrame], pd.Series]


class Rule(NamedTuple):
    """When a cell is ambiguous or inconsistent, and the value that replaces it."""

    assumed: str
    columns: tuple[str, ...]
    applies: Callable[[pd.DataFrame, pd.Series], pd.Series]  # rows, cells -> bool
    value: Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Table:
    """What is known of a table before its rows are read.

    Attributes:
        schema: of its columns.
        rules: how ambiguous cells are resolved within their row.
        built: the formulas of columns that are computed from others of the same row.
        networks_only: built columns that boosting does not read.
        others: files that people give by mistake in place of this table's: the columns
            that mark them, and the error message.
        remedy: what to do about a missing file, for error messages.
        own: the function of the user's columns.py, if there is one.
    """

    schema: Schema
    rules: Sequence[Rule] = ()
    built: Mapping[str, Formula] = field(default_factory=dict)
    networks_only: frozenset[str] = frozenset()
    others: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    remedy: str = "restore the file"
    own: OwnColumns | None = None
