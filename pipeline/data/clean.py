"""Row-wise cleaning: what a cell says is settled against the other cells of its row.

Nothing is learned here: every value comes from its own row alone.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

from pipeline.data.schema import ABSENT, ID


class Rule(NamedTuple):
    """Where a cell contradicts its own row, what is assumed of it instead."""

    assumed: str
    columns: tuple[str, ...]
    applies: Callable[[pd.DataFrame, pd.Series], pd.Series]  # houses, cells -> bool
    value: Callable[[pd.DataFrame], Any]


RULES = (
    Rule(
        "no basement, so its sizes and baths are 0",
        (
            *("TotalBsmtSF", "BsmtFinSF1", "BsmtFinSF2", "BsmtUnfSF"),
            *("BsmtFullBath", "BsmtHalfBath"),
        ),
        lambda h, cells: cells.isna() & (h["BsmtQual"] == ABSENT),
        lambda h: 0.0,
    ),
    Rule(
        "there is a basement, so NA is unknown, not none",
        ("BsmtQual", "BsmtCond", "BsmtExposure", "BsmtFinType1", "BsmtFinType2"),
        lambda h, cells: (cells == ABSENT) & (h["TotalBsmtSF"] > 0),
        lambda h: None,
    ),
    Rule(
        "there is a garage, so NA is unknown, not none",
        ("GarageFinish", "GarageQual", "GarageCond"),
        lambda h, cells: (cells == ABSENT) & (h["GarageType"] != ABSENT),
        lambda h: None,
    ),
    Rule(
        "there is a fireplace, so NA is unknown, not none",
        ("FireplaceQu",),
        lambda h, cells: (cells == ABSENT) & (h["Fireplaces"] > 0),
        lambda h: None,
    ),
    Rule(
        "there is a pool, so NA is unknown, not none",
        ("PoolQC",),
        lambda h, cells: (cells == ABSENT) & (h["PoolArea"] > 0),
        lambda h: None,
    ),
    Rule(
        "no garage year, so the year of the house is used",
        ("GarageYrBlt",),
        lambda h, cells: cells.isna(),
        lambda h: h["YearBuilt"],
    ),
    Rule(
        "a garage built after the sale, so the year of the house is used",
        ("GarageYrBlt",),
        lambda h, cells: cells > h["YrSold"] + 1,
        lambda h: h["YearBuilt"],
    ),
)


class Assumption(NamedTuple):
    """What was assumed of a column, in how many rows, and in which first."""

    assumed: str
    column: str
    rows: int
    first_id: int


class Cleaned(NamedTuple):
    """Cleaned houses, and what was assumed of them."""

    frame: pd.DataFrame
    assumptions: list[Assumption]


def clean_rows(houses: pd.DataFrame) -> Cleaned:
    """Settle what a cell says against the other cells of its row, by `RULES`."""
    clean = houses.copy()
    assumptions = []
    for rule in RULES:
        for name in rule.columns:
            wrong = rule.applies(clean, clean[name])
            if wrong.any():
                clean[name] = clean[name].mask(wrong, rule.value(clean))
                first = int(clean.loc[wrong, ID].iloc[0])
                count = int(wrong.sum())
                assumptions.append(Assumption(rule.assumed, name, count, first))
    return Cleaned(clean, assumptions)
