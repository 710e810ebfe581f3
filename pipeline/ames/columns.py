"""The houses of Ames: rules for ambiguous cells, and built columns and their reasons.

The constants that columns are centred on are fixed (7.8 is the log of 2,440 square
feet). A square or a product of centred columns is less correlated with its factors.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipeline.data.features import log1p
from pipeline.data.schema import ABSENT
from pipeline.data.table import Formula, Rule


def _missing(thing: str, columns: tuple[str, ...], has_it: Formula) -> Rule:
    """Return the rule that NA is a missing value where the house has the thing."""
    return Rule(
        f"there is {thing}, so NA means missing, not none",
        columns,
        lambda h, cells: (cells == ABSENT) & has_it(h),
        lambda h: None,
    )


_BASEMENT = ("BsmtQual", "BsmtCond", "BsmtExposure", "BsmtFinType1", "BsmtFinType2")
_GARAGE = ("GarageFinish", "GarageQual", "GarageCond")
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
    _missing("a basement", _BASEMENT, lambda h: h["TotalBsmtSF"] > 0),
    _missing("a garage", _GARAGE, lambda h: h["GarageType"] != ABSENT),
    _missing("a fireplace", ("FireplaceQu",), lambda h: h["Fireplaces"] > 0),
    _missing("a pool", ("PoolQC",), lambda h: h["PoolArea"] > 0),
    Rule(
        "no garage year, so the year of the house is used",
        ("GarageYrBlt",),
        lambda h, cells: cells.isna(),
        lambda h: h["YearBuilt"],
    ),
    Rule(
        "garage built after the sale, so the year of the house is used",
        ("GarageYrBlt",),
        lambda h, cells: cells > h["YrSold"] + 1,
        lambda h: h["YearBuilt"],
    ),
)


def _total_sf(h: pd.DataFrame) -> pd.Series:
    return h["TotalBsmtSF"] + h["GrLivArea"]


def _age(h: pd.DataFrame) -> pd.Series:
    return (h["YrSold"] - h["YearBuilt"]).clip(lower=0)


def _porch_sf(h: pd.DataFrame) -> pd.Series:
    return h["OpenPorchSF"] + h["EnclosedPorch"] + h["3SsnPorch"] + h["ScreenPorch"]


def _size(h: pd.DataFrame) -> pd.Series:
    return log1p(_total_sf(h)) - 7.8


def _lot(h: pd.DataFrame) -> pd.Series:
    return log1p(h["LotArea"]) - 9.1


def _old(h: pd.DataFrame) -> pd.Series:
    return (h["YearBuilt"] < 1945).astype(float)


SUMS: Mapping[str, Formula] = {
    # Log of the area of all floors and the basement, the strongest predictor.
    "Size": _size,
    # Log of the finished area, above ground and in the basement.
    "FinishedSize": lambda h: log1p(h["GrLivArea"] + h["BsmtFinSF1"] + h["BsmtFinSF2"]),
    # Log of the area of all floors, the basement and the garage.
    "SizeWithGarage": lambda h: log1p(_total_sf(h) + h["GarageArea"]),
    # Number of baths in the house; a half bath counts one half.
    "Baths": lambda h: (
        h["FullBath"] + h["BsmtFullBath"] + 0.5 * (h["HalfBath"] + h["BsmtHalfBath"])
    ),
    # Baths above ground are worth more than baths in the basement.
    "BathsUpstairs": lambda h: h["FullBath"] + 0.5 * h["HalfBath"],
    # Each kind of porch alone is rare.
    "PorchSize": lambda h: log1p(_porch_sf(h)),
    # A deck is used like a porch.
    "OutdoorSize": lambda h: log1p(_porch_sf(h) + h["WoodDeckSF"]),
    # Centred log of the lot area, for the interaction with the neighbourhood.
    "Lot": _lot,
}

PRODUCTS: Mapping[str, Formula] = {
    # Better materials raise the price per square foot.
    "QualityTimesSF": lambda h: h["OverallQual"] * _total_sf(h) / 1000,
    # The same for the area above ground.
    "QualityTimesLivingSF": lambda h: h["OverallQual"] * h["GrLivArea"] / 1000,
    # The cost of repairs grows with the area.
    "ConditionTimesSF": lambda h: h["OverallCond"] * _total_sf(h) / 1000,
    # A basement is worth more in a house of high quality.
    "QualityTimesBasementSF": lambda h: h["OverallQual"] * h["TotalBsmtSF"] / 1000,
    # A garage is worth more in a house of high quality.
    "QualityTimesGarageSF": lambda h: h["OverallQual"] * h["GarageArea"] / 1000,
    # Damage lowers the price per square foot.
    "FunctionalTimesSF": lambda h: h["Functional"] * _total_sf(h) / 1000,
    # The value of a finished basement depends on its finish.
    "FinishTimesFinishedSF": lambda h: h["BsmtFinType1"] * h["BsmtFinSF1"] / 1000,
    # The same, but each further square foot adds less.
    "FinishTimesFinishedLog": lambda h: h["BsmtFinType1"] * log1p(h["BsmtFinSF1"]),
    # Walls at garden level bring light into a large basement.
    "ExposureTimesBasement": lambda h: h["BsmtExposure"] * log1p(h["TotalBsmtSF"]),
    # BsmtQual rates the height of the basement.
    "HeightTimesBasement": lambda h: h["BsmtQual"] * log1p(h["TotalBsmtSF"]),
    # Ceiling height matters most in finished rooms.
    "HeightTimesFinished": lambda h: h["BsmtQual"] * log1p(h["BsmtFinSF1"]),
    # An additional square foot is worth less in houses from before 1945.
    "OldTimesSize": lambda h: _old(h) * _size(h),
    # Condition matters more in old houses.
    "OldTimesCondition": lambda h: _old(h) * (h["OverallCond"] - 5.6),
    # The crisis of 2008 changed the prices of new and old houses differently.
    "BuiltTimesSold": lambda h: (h["YearBuilt"] - 1970) * (h["YrSold"] - 2008) / 30,
}

CURVES: Mapping[str, Formula] = {
    # The price rises faster at high quality.
    "QualitySquared": lambda h: h["OverallQual"] ** 2,
    # It rises fastest at the highest quality.
    "QualityCubed": lambda h: h["OverallQual"] ** 3,
    # Poor condition costs more than good condition adds.
    "ConditionSquared": lambda h: (h["OverallCond"] - 5) ** 2,
    # The worst condition costs most.
    "ConditionCubed": lambda h: (h["OverallCond"] - 5) ** 3,
    # The log of the price is not quite linear in the log of the size.
    "SizeSquared": lambda h: _size(h) ** 2,
    # The line bends differently at small and at large sizes.
    "SizeCubed": lambda h: _size(h) ** 3,
    # The same for the area above ground, squared.
    "LivingSquared": lambda h: (log1p(h["GrLivArea"]) - 7.3) ** 2,
    # Beyond some size a larger lot hardly raises the price.
    "LotSquared": lambda h: _lot(h) ** 2,
    # The first years lower the price most.
    "AgeRoot": lambda h: np.sqrt(_age(h)),
    # Very old houses lose little value with further age.
    "AgeSquared": lambda h: (_age(h) / 30 - 1.2) ** 2,
    # Some very old houses gain value with age.
    "AgeCubed": lambda h: (_age(h) / 30 - 1.2) ** 3,
    # Building styles differ between decades.
    "BuiltSquared": lambda h: ((h["YearBuilt"] - 1970) / 30) ** 2,
    # Houses built after 1990 differ again.
    "BuiltCubed": lambda h: ((h["YearBuilt"] - 1970) / 30) ** 3,
    # Only a recent remodelling raises the price.
    "RemodelSquared": lambda h: ((h["YearRemodAdd"] - 1985) / 20) ** 2,
}

# Trees find products and curves by themselves. Boosting does not read these columns, so
# it does not depend on what was chosen for the MLP on these rows.
NETWORKS_ONLY = frozenset([*PRODUCTS, *CURVES])
BUILT = {**SUMS, **PRODUCTS, **CURVES}
