"""Row-wise cleaning: ambiguous or inconsistent cells are resolved within their row.

Nothing is learned here: each value depends on its own row only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

from pipeline.data.schema import ABSENT, ID, YEAR_BUILT


class Rule(NamedTuple):
    """When a cell is ambiguous or inconsistent, and the value that replaces it."""

    assumed: str
    columns: tuple[str, ...]
    applies: Callable[[pd.DataFrame, pd.Series], pd.Series]  # houses, cells -> bool
    value: Callable[[pd.DataFrame], Any]


RULES = (
    Rule(
        "no basement, so its areas and baths are 0",
        (
            *("TotalBsmtSF", "BsmtFinSF1", "BsmtFinSF2", "BsmtUnfSF"),
            *("BsmtFullBath", "BsmtHalfBath"),
        ),
        lambda h, cells: cells.isna() & (h["BsmtQual"] == ABSENT),
        lambda h: 0.0,
    ),
    Rule(
        "there is a basement, so NA means missing, not none",
        ("BsmtQual", "BsmtCond", "BsmtExposure", "BsmtFinType1", "BsmtFinType2"),
        lambda h, cells: (cells == ABSENT) & (h["TotalBsmtSF"] > 0),
        lambda h: None,
    ),
    Rule(
        "there is a garage, so NA means missing, not none",
        ("GarageFinish", "GarageQual", "GarageCond"),
        lambda h, cells: (cells == ABSENT) & (h["GarageType"] != ABSENT),
        lambda h: None,
    ),
    Rule(
        "there is a fireplace, so NA means missing, not none",
        ("FireplaceQu",),
        lambda h, cells: (cells == ABSENT) & (h["Fireplaces"] > 0),
        lambda h: None,
    ),
    Rule(
        "there is a pool, so NA means missing, not none",
        ("PoolQC",),
        lambda h, cells: (cells == ABSENT) & (h["PoolArea"] > 0),
        lambda h: None,
    ),
    Rule(
        "no garage year, so the year of the house is used",
        ("GarageYrBlt",),
        lambda h, cells: cells.isna(),
        lambda h: h[YEAR_BUILT],
    ),
    Rule(
        "garage built after the sale, so the year of the house is used",
        ("GarageYrBlt",),
        lambda h, cells: cells > h["YrSold"] + 1,
        lambda h: h[YEAR_BUILT],
    ),
)


class Assumption(NamedTuple):
    """How a rule changed a column: in how many rows, and the Id of the first."""

    assumed: str
    column: str
    rows: int
    first_id: int


class Cleaned(NamedTuple):
    """The cleaned houses and the assumptions made."""

    frame: pd.DataFrame
    assumptions: list[Assumption]


def clean_rows(houses: pd.DataFrame) -> Cleaned:
    """Apply `RULES` to each row; `houses` is not changed."""
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
