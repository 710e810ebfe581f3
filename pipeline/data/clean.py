"""Row-wise cleaning: ambiguous or inconsistent cells are resolved within their row.

Nothing is learned here: each value depends on its own row only.
"""

from typing import NamedTuple

import pandas as pd

from pipeline.data.table import Table


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
