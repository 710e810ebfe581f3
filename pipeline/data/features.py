"""Features: a frame of cleaned rows in, a frame of features out; nothing is learned.

Each value is computed from its own row, so this can run before the rows are split into
folds.
"""

import numpy as np
import pandas as pd

from pipeline.data.dataset import Layout
from pipeline.data.own_columns import OwnWords
from pipeline.data.schema import Category, Date, Number, Schema
from pipeline.data.table import Formula, Table


def build_features(clean: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the features of cleaned rows; `clean` is not changed.

    Ordered categories become ranks (0 means that there is none). Numbers with a long
    tail become their log1p. A date becomes its year, with a fraction, and its month.
    The table's built columns and the user's own are added. Unordered categories stay as
    they are, and so does the order of the rows.
    """
    ranked = rank_ordered(clean, table.schema)
    computed = {name: formula(ranked) for name, formula in formulas(table).items()}
    dates = [c.name for c in table.schema.columns if isinstance(c, Date)]
    features = ranked.drop(columns=dates).assign(**computed)
    own = own_columns(ranked, table)
    # Joining copies all columns, which a long table without own columns is spared.
    return pd.concat([features, own], axis=1) if len(own.columns) else features


def rank_ordered(clean: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return cleaned rows with ordered categories as ranks, to build features of."""
    ordered = [each for each in schema.categories.values() if each.ordered]
    return clean.assign(**{c.name: _ranks(clean[c.name], c) for c in ordered})


def own_columns(ranked: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the columns that the user's columns.py adds; none without such a file.

    It is given the columns of the schema alone: no id, and no target.
    """
    if table.own is None:
        return pd.DataFrame(index=ranked.index)
    return table.own.build(ranked[table.schema.names])


def formulas(table: Table) -> dict[str, Formula]:
    """Return the formula of each feature that is computed, but for the user's own.

    A formula is given the rows with ordered categories as ranks.
    """
    found: dict[str, Formula] = {}
    for column in table.schema.columns:
        if isinstance(column, Number) and column.log:
            found[column.name] = _logged(column.name)
        elif isinstance(column, Date):
            found |= _parts(column.name)
    return found | {each.name: each.formula for each in table.built}


def layout(table: Table, own: OwnWords) -> Layout:
    """Return how the features of a table, and the user's own columns, are encoded."""
    schema = table.schema
    words = {c.name: c.vocabulary for c in schema.categories.values() if not c.ordered}
    skipped = (schema.id_name, schema.target, schema.carried_group)
    return Layout(
        words=words | {n: tuple(each) for n, each in own.items() if each is not None},
        knots={
            c.name: tuple(np.log1p(c.knots).tolist()) if c.log else c.knots
            for c in schema.columns
            if isinstance(c, Number) and c.knots
        },
        interactions=schema.interactions,
        networks_only=frozenset(c.name for c in table.built if not c.for_trees),
        skipped=tuple(name for name in skipped if name is not None),
    )


def sources(table: Table) -> dict[str, set[str]]:
    """Return all features but the user's own, and the columns each is computed from."""
    columns = table.schema.columns
    plain = {c.name: {c.name} for c in columns if not isinstance(c, Date)}
    empty = pd.DataFrame(columns=table.schema.names, dtype=float)
    return plain | {
        name: _read_by(formula, empty) for name, formula in formulas(table).items()
    }


def log1p(sizes: pd.Series) -> pd.Series:
    """Return log(1 + size)."""
    return pd.Series(np.log1p(sizes), index=sizes.index)


def _logged(name: str) -> Formula:
    return lambda rows: log1p(rows[name])


def _parts(name: str) -> dict[str, Formula]:
    """Return the features of a date: its year, with a fraction, and its month."""
    return {
        f"{name} year": lambda rows: _year(pd.to_datetime(rows[name])),
        f"{name} month": lambda rows: pd.to_datetime(rows[name]).dt.month.astype(float),
    }


def _year(dates: pd.Series) -> pd.Series:
    """Return the year of each date, with the share of it that has passed."""
    passed = (dates.dt.day_of_year - 1) / 366
    return pd.Series(dates.dt.year + passed, index=dates.index)


def _read_by(formula: Formula, rows: pd.DataFrame) -> set[str]:
    formula(reads := _Reads(rows))  # type: ignore[arg-type]
    return reads.names


class _Reads:
    """Stands for some rows, and keeps the names of the columns that are read."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._rows = rows
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> pd.Series:
        self.names.add(name)
        return self._rows[name]


def _ranks(categories: pd.Series, column: Category) -> pd.Series:
    rank = pd.Categorical(categories, categories=list(column.vocabulary)).codes
    known = np.where(rank < 0, np.nan, rank + (0 if column.absent else 1))
    return pd.Series(known, index=categories.index)
