"""Checked rows in, a dataset of features out: cleaning, features, the user's columns.

Nothing is learned here, so that it can run before the rows are split into folds: each
value is computed from its own row. Only the words of the user's own columns are
collected from all training rows; every fold encodes them alike.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, meant, short
from pipeline.data.dataset import Dataset, Layout
from pipeline.data.dates import KNOTS, PARTS, WEEKDAYS, as_dates
from pipeline.data.encoder import EXPANDED
from pipeline.data.own_columns import OwnWords
from pipeline.data.raw import read_test, read_train
from pipeline.data.schema import Category, Date, Number, Schema
from pipeline.data.table import Formula, Table
from pipeline.data.units import Unit, find_units


class Assumption(NamedTuple):
    """How a rule changed a column: in how many rows, and the id of the first."""

    assumed: str
    column: str
    rows: int
    first_id: int | str


class Cleaned(NamedTuple):
    """The cleaned rows and the assumptions made."""

    frame: pd.DataFrame
    assumptions: list[Assumption]


class Prepared(NamedTuple):
    """A dataset, its number of encoded columns, and the assumptions about its rows."""

    dataset: Dataset
    encoded: int
    train_assumptions: list[Assumption]
    test_assumptions: list[Assumption]


def read_dataset(raw: Path, table: Table) -> Dataset:
    """Read, check and prepare train.csv and test.csv of a folder.

    Raises:
        UserError: As `prepare`; or a file is invalid.
    """
    train = read_train(raw / "train.csv", table)
    return prepare(train, read_test(raw / "test.csv", table).frame, table).dataset


def prepare(train: pd.DataFrame, test: pd.DataFrame, table: Table) -> Prepared:
    """Clean checked training and test rows, and build their features.

    Raises:
        UserError: The user's columns cannot be used, an interaction is not with a
            number, or two columns would be encoded under one name.
    """
    clean_train, clean_test = clean_rows(train, table), clean_rows(test, table)
    words = _check_own_columns(clean_train.frame, table)
    train, test = (
        build_features(clean.frame, table) for clean in (clean_train, clean_test)
    )
    encoding = layout(table, words)
    others = [*encoding.words, *encoding.skipped]
    units = find_units(train[train.columns.difference(others, sort=False)])
    encoding = replace(encoding, units=units)
    dataset = Dataset(table.schema, encoding, train, test, words)
    _check_interactions(dataset)
    names = EXPANDED.read([dataset.train.head(1)], dataset.layout).names
    _check_encoded(names, table.schema)
    return Prepared(
        dataset, len(names), clean_train.assumptions, clean_test.assumptions
    )


def clean_rows(rows: pd.DataFrame, table: Table) -> Cleaned:
    """Apply the rules of a table to each row; `rows` is not changed."""
    clean = rows.copy()
    ids = clean[table.schema.id_name]
    assumptions = []
    for rule in table.rules:
        for name in rule.columns:
            wrong = rule.applies(clean, clean[name])
            if wrong.any():
                clean[name] = clean[name].mask(wrong, rule.value(clean))
                (first,) = ids[wrong].head(1).tolist()
                count = int(wrong.sum())
                assumptions.append(Assumption(rule.assumed, name, count, first))
    return Cleaned(clean, assumptions)


def build_features(clean: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the features of cleaned rows; `clean` is not changed.

    Ordered categories become ranks (0 means that there is none). Numbers with a long
    tail become their log1p. A date becomes its parts, such as year and weekday.
    The table's built columns and the user's columns are added. Unordered categories
    and the order of the rows stay as they are.
    """
    ranked = rank_ordered(clean, table.schema)
    computed = {name: formula(ranked) for name, formula in formulas(table).items()}
    dates = {column.name for column, _ in table.schema.date_parts.values()}
    kept = ranked.drop(columns=dates - {table.schema.id})
    features = with_columns(kept, computed)
    if table.own is None:
        return features
    return pd.concat([features, own_columns(ranked, table)], axis=1)


def rank_ordered(clean: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return cleaned rows with ordered categories as ranks, to build features of."""
    ordered = [c for c in schema.categories.values() if c.ordered]
    return with_columns(clean, {c.name: _ranks(clean[c.name], c) for c in ordered})


def own_columns(ranked: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the columns that the user's columns.py adds; none without such a file.

    Its function is given the columns of the schema, without id and target.
    """
    if table.own is None:
        return pd.DataFrame(index=ranked.index)
    return table.own.build(without_ids(ranked, table.schema)[table.schema.names])


def without_ids(rows: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return rows without ids; an id that is read as a date too becomes that date."""
    for column, _ in schema.date_parts.values():
        if column.name == schema.id:
            read = as_dates(rows[column.name], column.format)
            return with_columns(rows, {column.name: read})
    return rows.drop(columns=schema.id_name)


def with_columns(rows: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows with other columns; `assign` has no column of the name "self"."""
    rows = rows.copy()
    for name, values in columns.items():
        rows[name] = values
    return rows


def formulas(table: Table) -> dict[str, Formula]:
    """Return the formula of each computed feature, without the user's columns.

    A formula is given the rows with ordered categories as ranks.
    """
    found: dict[str, Formula] = {}
    for column in table.schema.columns:
        if isinstance(column, Number) and column.log:
            found[column.name] = _logged(column.name)
    for name, (column, part) in table.schema.date_parts.items():
        found[name] = _part(column, part)
    return {**found, **table.built}


def layout(
    table: Table, own: OwnWords, units: Mapping[str, Unit] | None = None
) -> Layout:
    """Return how the features of a table and the user's columns are encoded."""
    schema = table.schema
    words = {c.name: c.vocabulary for c in schema.categories.values() if not c.ordered}
    parts = {name: part for name, (_, part) in schema.date_parts.items()}
    words |= {name: WEEKDAYS for name, part in parts.items() if part == "weekday"}
    words |= {name: tuple(own[name] or ()) for name in own if own[name] is not None}
    knots = {
        c.name: tuple(np.log1p(c.knots).tolist()) if c.log else c.knots
        for c in schema.columns
        if isinstance(c, Number) and c.knots
    }
    knots |= {name: KNOTS[part] for name, part in parts.items() if part in KNOTS}
    return Layout(
        words=words,
        knots=knots,
        interactions=schema.interactions,
        networks_only=table.networks_only,
        skipped=_skipped(schema),
        units=units or {},
    )


def _skipped(schema: Schema) -> tuple[str, ...]:
    """Return the columns of a frame that are no features."""
    skipped = (schema.id_name, schema.target, schema.carried_group)
    return tuple(name for name in skipped if name is not None)


def sources(table: Table) -> dict[str, set[str]]:
    """Return the columns that each feature is computed from, by the feature's name.

    The user's columns are not among the features.
    """
    columns = table.schema.columns
    found = {c.name: {c.name} for c in columns if not isinstance(c, Date)}
    rows = pd.DataFrame(columns=table.schema.names, dtype=float)
    for name, formula in formulas(table).items():
        formula(reads := _Reads(rows))  # type: ignore[arg-type]
        found[name] = reads.names
    return found


def log1p(sizes: pd.Series) -> pd.Series:
    """Return log(1 + size)."""
    return pd.Series(np.log1p(sizes), index=sizes.index)


def _logged(name: str) -> Formula:
    return lambda rows: log1p(rows[name])


def _part(column: Date, part: str) -> Formula:
    return lambda rows: PARTS[part](as_dates(rows[column.name], column.format))


class _Reads:
    """Stands for a frame, and keeps the names of the columns that are read."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._rows = rows
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> pd.Series:
        self.names.add(name)
        return self._rows[name]


def _ranks(categories: pd.Series, column: Category) -> pd.Series:
    rank = pd.Categorical(categories, categories=list(column.vocabulary)).codes
    missing = rank < 0
    if not column.absent:
        rank = rank + 1  # 0 is for "there is none"
    return pd.Series(np.where(missing, np.nan, rank), index=categories.index)


def _check_own_columns(clean: pd.DataFrame, table: Table) -> OwnWords:
    """Check the user's columns; return the words of each, None for numbers.

    Raises:
        UserError: A column has the name of another, or is not computed row by row.
    """
    if table.own is None:
        return {}
    ranked = rank_ordered(clean, table.schema)
    built = own_columns(ranked, table)
    for name in built:
        if name in (*formulas(table), *_skipped(table.schema)):
            raise UserError(
                f"{table.own.path}: columns adds {name}, which there is already; give "
                "it another name"
            )
    rows = without_ids(ranked, table.schema)[table.schema.names]
    table.own.check_row_wise(rows, built)
    return table.own.words(built)


def _check_interactions(dataset: Dataset) -> None:
    """Check that words are multiplied by features that are numbers.

    Raises:
        UserError: A feature is not a number.
    """
    others = [*dataset.layout.words, *dataset.layout.skipped]
    numbers = list(map(str, dataset.train.columns.difference(others)))
    for _, name in dataset.layout.interactions:
        if name not in numbers:
            raise UserError(
                f"{dataset.schema.source}: interactions {short(name)[1:-1]}: not a "
                f"number; {meant(name, numbers)}"
            )


def _check_encoded(names: list[str], schema: Schema) -> None:
    """Check that the encoded columns have different names.

    Raises:
        UserError: Two have the same name.
    """
    (name, times), *_ = Counter(names).most_common(1)
    if times > 1:
        raise UserError(
            f"{schema.source}: two columns would be encoded as {short(name)}; rename "
            "one"
        )
