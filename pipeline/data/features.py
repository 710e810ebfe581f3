"""Built columns: a cleaned frame in, a frame of features out; nothing is learned.

Each value is computed from its own row, so this can run before the rows are split into
folds. The constants that columns are centred on are fixed (7.8 is the log of 2,440
square feet). Centred, a square or a product is less correlated with what it is made of.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.data.schema import CATEGORIES, COLUMNS, LOCATION, YEAR_BUILT

LOGGED = (
    *("LotFrontage", "LotArea", "MasVnrArea", "BsmtFinSF1", "BsmtFinSF2"),
    *("BsmtUnfSF", "TotalBsmtSF", "1stFlrSF", "2ndFlrSF", "LowQualFinSF"),
    *("GrLivArea", "GarageArea", "WoodDeckSF", "OpenPorchSF", "EnclosedPorch"),
    *("3SsnPorch", "ScreenPorch", "PoolArea", "MiscVal"),
)  # their long right tails are shortened by log1p


Formula = Callable[[pd.DataFrame], pd.Series]


class Built(NamedTuple):
    """A column computed from other columns of the same row, and the reason for it."""

    name: str
    reason: str
    formula: Formula


def _total_sf(h: pd.DataFrame) -> pd.Series:
    return h["TotalBsmtSF"] + h["GrLivArea"]


def _age(h: pd.DataFrame) -> pd.Series:
    return (h["YrSold"] - h[YEAR_BUILT]).clip(lower=0)


def _porch_sf(h: pd.DataFrame) -> pd.Series:
    return h["OpenPorchSF"] + h["EnclosedPorch"] + h["3SsnPorch"] + h["ScreenPorch"]


def _size(h: pd.DataFrame) -> pd.Series:
    return _log1p(_total_sf(h)) - 7.8


def _lot(h: pd.DataFrame) -> pd.Series:
    return _log1p(h["LotArea"]) - 9.1


def _old(h: pd.DataFrame) -> pd.Series:
    return (h[YEAR_BUILT] < 1945).astype(float)


def _log1p(sizes: pd.Series) -> pd.Series:
    return pd.Series(np.log1p(sizes), index=sizes.index)


SUMS = (
    Built(
        "Size",
        "log of the area of all floors and the basement, the strongest predictor",
        _size,
    ),
    Built(
        "FinishedSize",
        "log of the finished area, above ground and in the basement",
        lambda h: _log1p(h["GrLivArea"] + h["BsmtFinSF1"] + h["BsmtFinSF2"]),
    ),
    Built(
        "SizeWithGarage",
        "log of the area of all floors, the basement and the garage",
        lambda h: _log1p(_total_sf(h) + h["GarageArea"]),
    ),
    Built(
        "Baths",
        "number of baths in the house; a half bath counts one half",
        lambda h: (
            h["FullBath"]
            + h["BsmtFullBath"]
            + 0.5 * (h["HalfBath"] + h["BsmtHalfBath"])
        ),
    ),
    Built(
        "BathsUpstairs",
        "baths above ground are worth more than baths in the basement",
        lambda h: h["FullBath"] + 0.5 * h["HalfBath"],
    ),
    Built(
        "PorchSize",
        "each kind of porch alone is rare",
        lambda h: _log1p(_porch_sf(h)),
    ),
    Built(
        "OutdoorSize",
        "a deck is used like a porch",
        lambda h: _log1p(_porch_sf(h) + h["WoodDeckSF"]),
    ),
    Built(
        "Lot",
        "centred log of the lot area, for the interaction with the neighbourhood",
        _lot,
    ),
)

PRODUCTS = (
    Built(
        "QualityTimesSF",
        "better materials raise the price per square foot",
        lambda h: h["OverallQual"] * _total_sf(h) / 1000,
    ),
    Built(
        "QualityTimesLivingSF",
        "the same for the area above ground",
        lambda h: h["OverallQual"] * h["GrLivArea"] / 1000,
    ),
    Built(
        "ConditionTimesSF",
        "the cost of repairs grows with the area",
        lambda h: h["OverallCond"] * _total_sf(h) / 1000,
    ),
    Built(
        "QualityTimesBasementSF",
        "a basement is worth more in a house of high quality",
        lambda h: h["OverallQual"] * h["TotalBsmtSF"] / 1000,
    ),
    Built(
        "QualityTimesGarageSF",
        "a garage is worth more in a house of high quality",
        lambda h: h["OverallQual"] * h["GarageArea"] / 1000,
    ),
    Built(
        "FunctionalTimesSF",
        "damage lowers the price per square foot",
        lambda h: h["Functional"] * _total_sf(h) / 1000,
    ),
    Built(
        "FinishTimesFinishedSF",
        "the value of a finished basement depends on its finish",
        lambda h: h["BsmtFinType1"] * h["BsmtFinSF1"] / 1000,
    ),
    Built(
        "FinishTimesFinishedLog",
        "the same, with diminishing returns of the area",
        lambda h: h["BsmtFinType1"] * _log1p(h["BsmtFinSF1"]),
    ),
    Built(
        "ExposureTimesBasement",
        "walls at garden level bring light into a large basement",
        lambda h: h["BsmtExposure"] * _log1p(h["TotalBsmtSF"]),
    ),
    Built(
        "HeightTimesBasement",
        "BsmtQual rates the height of the basement",
        lambda h: h["BsmtQual"] * _log1p(h["TotalBsmtSF"]),
    ),
    Built(
        "HeightTimesFinished",
        "ceiling height matters most in finished rooms",
        lambda h: h["BsmtQual"] * _log1p(h["BsmtFinSF1"]),
    ),
    Built(
        "OldTimesSize",
        "an additional square foot is worth less in houses from before 1945",
        lambda h: _old(h) * _size(h),
    ),
    Built(
        "OldTimesCondition",
        "condition matters more in old houses",
        lambda h: _old(h) * (h["OverallCond"] - 5.6),
    ),
    Built(
        "BuiltTimesSold",
        "the crisis of 2008 changed the prices of new and old houses differently",
        lambda h: (h[YEAR_BUILT] - 1970) * (h["YrSold"] - 2008) / 30,
    ),
)

CURVES = (
    Built(
        "QualitySquared",
        "the price rises faster at high quality",
        lambda h: h["OverallQual"] ** 2,
    ),
    Built(
        "QualityCubed",
        "and fastest at the highest quality",
        lambda h: h["OverallQual"] ** 3,
    ),
    Built(
        "ConditionSquared",
        "poor condition costs more than good condition adds",
        lambda h: (h["OverallCond"] - 5) ** 2,
    ),
    Built(
        "ConditionCubed",
        "and the worst condition costs most",
        lambda h: (h["OverallCond"] - 5) ** 3,
    ),
    Built(
        "SizeSquared",
        "the log of the price is not quite linear in the log of the size",
        lambda h: _size(h) ** 2,
    ),
    Built(
        "SizeCubed",
        "and it bends differently at small and at large sizes",
        lambda h: _size(h) ** 3,
    ),
    Built(
        "LivingSquared",
        "the same for the area above ground, squared",
        lambda h: (_log1p(h["GrLivArea"]) - 7.3) ** 2,
    ),
    Built(
        "LotSquared",
        "beyond some size a larger lot hardly raises the price",
        lambda h: _lot(h) ** 2,
    ),
    Built(
        "AgeRoot", "the first years lower the price most", lambda h: np.sqrt(_age(h))
    ),
    Built(
        "AgeSquared",
        "very old houses lose little value with further age",
        lambda h: (_age(h) / 30 - 1.2) ** 2,
    ),
    Built(
        "AgeCubed", "and some gain value with age", lambda h: (_age(h) / 30 - 1.2) ** 3
    ),
    Built(
        "BuiltSquared",
        "building styles differ between decades",
        lambda h: ((h[YEAR_BUILT] - 1970) / 30) ** 2,
    ),
    Built(
        "BuiltCubed",
        "and differ again for houses built after 1990",
        lambda h: ((h[YEAR_BUILT] - 1970) / 30) ** 3,
    ),
    Built(
        "RemodelSquared",
        "only a recent remodelling raises the price",
        lambda h: ((h["YearRemodAdd"] - 1985) / 20) ** 2,
    ),
)

BUILT = SUMS + PRODUCTS + CURVES

# Category × number: prices per square foot of house and of lot differ by neighbourhood.
INTERACTIONS = ((LOCATION, "Size"), (LOCATION, "Lot"))


_FORMULAS = {column.name: column.formula for column in BUILT}


def build_features(clean: pd.DataFrame) -> pd.DataFrame:
    """Return the features of cleaned houses; `clean` is not changed.

    Ordered categories become ranks (0 means that the house has none). The columns of
    `LOGGED` become their log1p. The columns of `BUILT` are added. Unordered categories
    stay as they are, and so does the order of the rows.
    """
    ranked = rank_ordered(clean)
    return ranked.assign(
        **{name: feature(ranked, name) for name in (*LOGGED, *_FORMULAS)}
    )


def rank_ordered(clean: pd.DataFrame) -> pd.DataFrame:
    """Return cleaned houses with ordered categories as ranks, to build features of."""
    ordered = [column.name for column in CATEGORIES.values() if column.ordered]
    return clean.assign(**{name: _ranks(clean[name]) for name in ordered})


def feature(ranked: pd.DataFrame, name: str) -> pd.Series:
    """Return one feature, from the columns of `ranked` that it is computed from."""
    if name in _FORMULAS:
        return _FORMULAS[name](ranked)
    return _log1p(ranked[name]) if name in LOGGED else ranked[name]


@cache
def sources() -> dict[str, set[str]]:
    """Return all features, and the cleaned columns that each is computed from."""
    plain = {column.name: {column.name} for column in COLUMNS}
    empty = pd.DataFrame(columns=list(plain), dtype=float)
    return plain | {
        name: _read_by(formula, empty) for name, formula in _FORMULAS.items()
    }


def _read_by(formula: Formula, houses: pd.DataFrame) -> set[str]:
    formula(reads := _Reads(houses))  # type: ignore[arg-type]
    return reads.names


class _Reads:
    """Stands for some houses, and keeps the names of the columns that are read."""

    def __init__(self, houses: pd.DataFrame) -> None:
        self._houses = houses
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> pd.Series:
        self.names.add(name)
        return self._houses[name]


def _ranks(categories: pd.Series) -> pd.Series:
    column = CATEGORIES[str(categories.name)]
    rank = pd.Categorical(categories, categories=list(column.vocabulary)).codes
    known = np.where(rank < 0, np.nan, rank + (0 if column.absent else 1))
    return pd.Series(known, index=categories.index)
