"""Row-wise cleaning and built columns: frame in, frame out, nothing is learned.

Every value comes from its own row alone, so this may run before the folds are cut.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.schema import ABSENT, CATEGORIES, ID

LOGGED = (
    "LotFrontage",
    "LotArea",
    "MasVnrArea",
    "BsmtFinSF1",
    "BsmtFinSF2",
    "BsmtUnfSF",
    "TotalBsmtSF",
    "1stFlrSF",
    "2ndFlrSF",
    "LowQualFinSF",
    "GrLivArea",
    "WoodDeckSF",
    "OpenPorchSF",
    "EnclosedPorch",
    "3SsnPorch",
    "ScreenPorch",
    "PoolArea",
    "MiscVal",
)  # long right tails; log1p makes equal ratios equal steps


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


class Built(NamedTuple):
    """A column computed from others of the same house, and why it is there."""

    name: str
    reason: str
    formula: Callable[[pd.DataFrame], pd.Series]


BUILT = (
    Built(
        "LivingAndBasementSF",
        "the size a buyer walks through, all floors",
        lambda h: _log1p(h["GrLivArea"] + h["TotalBsmtSF"]),
    ),
    Built(
        "Baths",
        "a half bath is worth about half a bath, wherever it is",
        lambda h: (
            h["FullBath"]
            + h["BsmtFullBath"]
            + 0.5 * (h["HalfBath"] + h["BsmtHalfBath"])
        ),
    ),
    Built("Age", "houses lose value with age", lambda h: h["YrSold"] - h["YearBuilt"]),
    Built(
        "SinceRemodel",
        "a remodelled old house sells like a newer one",
        lambda h: h["YrSold"] - h["YearRemodAdd"],
    ),
    Built(
        "PorchSF",
        "outdoor space in one number; its kinds are rare one by one",
        lambda h: _log1p(
            h["WoodDeckSF"]
            + h["OpenPorchSF"]
            + h["EnclosedPorch"]
            + h["3SsnPorch"]
            + h["ScreenPorch"]
        ),
    ),
    Built(
        "QualityTimesSize",
        "a better finish pays for every square foot",
        lambda h: h["OverallQual"] * _log1p(h["GrLivArea"]),
    ),
    Built(
        "QualityTimesCondition",
        "good materials count for more when kept well",
        lambda h: h["OverallQual"] * h["OverallCond"],
    ),
    Built(
        "QualitySquared",
        "the top grades rise faster than the middle ones",
        lambda h: h["OverallQual"] ** 2,
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


def build_features(clean: pd.DataFrame) -> pd.DataFrame:
    """Turn cleaned houses into the columns that the encoder takes.

    Ordered words become their rank (0 is "has none"), tailed sizes their log1p; the
    built columns are added. Unordered words stay words, and rows keep their order.
    """
    ordered = [c.name for c in CATEGORIES.values() if c.ordered]
    ranked = clean.assign(**{name: _ranks(clean[name]) for name in ordered})
    built = {column.name: column.formula(ranked) for column in BUILT}
    logged = {name: _log1p(ranked[name]) for name in LOGGED}
    return ranked.assign(**logged, **built)


def _log1p(sizes: pd.Series) -> pd.Series:
    return pd.Series(np.log1p(sizes), index=sizes.index)


def _ranks(words: pd.Series) -> pd.Series:
    column = CATEGORIES[str(words.name)]
    first = 0 if column.absent else 1
    rank = {word: first + place for place, word in enumerate(column.vocabulary)}
    return words.astype(object).map(rank).astype(float)
