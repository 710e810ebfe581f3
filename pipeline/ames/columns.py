"""The houses of Ames: rules for ambiguous cells, and built columns with their reasons.

The constants that columns are centred on are fixed (7.8 is the log of 2,440 square
feet). A square or a product of centred columns is less correlated with its factors.
"""

import numpy as np
import pandas as pd

from pipeline.data.features import log1p
from pipeline.data.schema import ABSENT
from pipeline.data.table import Built, Formula, Rule

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


def _smooth(name: str, reason: str, formula: Formula) -> Built:
    """Return a column that only networks read: trees find it by themselves.

    So boosting does not depend on what was chosen for the MLP on these rows.
    """
    return Built(name, reason, formula, for_trees=False)


SUMS = (
    Built(
        "Size",
        "log of the area of all floors and the basement, the strongest predictor",
        _size,
    ),
    Built(
        "FinishedSize",
        "log of the finished area, above ground and in the basement",
        lambda h: log1p(h["GrLivArea"] + h["BsmtFinSF1"] + h["BsmtFinSF2"]),
    ),
    Built(
        "SizeWithGarage",
        "log of the area of all floors, the basement and the garage",
        lambda h: log1p(_total_sf(h) + h["GarageArea"]),
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
        lambda h: log1p(_porch_sf(h)),
    ),
    Built(
        "OutdoorSize",
        "a deck is used like a porch",
        lambda h: log1p(_porch_sf(h) + h["WoodDeckSF"]),
    ),
    Built(
        "Lot",
        "centred log of the lot area, for the interaction with the neighbourhood",
        _lot,
    ),
)

PRODUCTS = (
    _smooth(
        "QualityTimesSF",
        "better materials raise the price per square foot",
        lambda h: h["OverallQual"] * _total_sf(h) / 1000,
    ),
    _smooth(
        "QualityTimesLivingSF",
        "the same for the area above ground",
        lambda h: h["OverallQual"] * h["GrLivArea"] / 1000,
    ),
    _smooth(
        "ConditionTimesSF",
        "the cost of repairs grows with the area",
        lambda h: h["OverallCond"] * _total_sf(h) / 1000,
    ),
    _smooth(
        "QualityTimesBasementSF",
        "a basement is worth more in a house of high quality",
        lambda h: h["OverallQual"] * h["TotalBsmtSF"] / 1000,
    ),
    _smooth(
        "QualityTimesGarageSF",
        "a garage is worth more in a house of high quality",
        lambda h: h["OverallQual"] * h["GarageArea"] / 1000,
    ),
    _smooth(
        "FunctionalTimesSF",
        "damage lowers the price per square foot",
        lambda h: h["Functional"] * _total_sf(h) / 1000,
    ),
    _smooth(
        "FinishTimesFinishedSF",
        "the value of a finished basement depends on its finish",
        lambda h: h["BsmtFinType1"] * h["BsmtFinSF1"] / 1000,
    ),
    _smooth(
        "FinishTimesFinishedLog",
        "the same, with diminishing returns of the area",
        lambda h: h["BsmtFinType1"] * log1p(h["BsmtFinSF1"]),
    ),
    _smooth(
        "ExposureTimesBasement",
        "walls at garden level bring light into a large basement",
        lambda h: h["BsmtExposure"] * log1p(h["TotalBsmtSF"]),
    ),
    _smooth(
        "HeightTimesBasement",
        "BsmtQual rates the height of the basement",
        lambda h: h["BsmtQual"] * log1p(h["TotalBsmtSF"]),
    ),
    _smooth(
        "HeightTimesFinished",
        "ceiling height matters most in finished rooms",
        lambda h: h["BsmtQual"] * log1p(h["BsmtFinSF1"]),
    ),
    _smooth(
        "OldTimesSize",
        "an additional square foot is worth less in houses from before 1945",
        lambda h: _old(h) * _size(h),
    ),
    _smooth(
        "OldTimesCondition",
        "condition matters more in old houses",
        lambda h: _old(h) * (h["OverallCond"] - 5.6),
    ),
    _smooth(
        "BuiltTimesSold",
        "the crisis of 2008 changed the prices of new and old houses differently",
        lambda h: (h["YearBuilt"] - 1970) * (h["YrSold"] - 2008) / 30,
    ),
)

CURVES = (
    _smooth(
        "QualitySquared",
        "the price rises faster at high quality",
        lambda h: h["OverallQual"] ** 2,
    ),
    _smooth(
        "QualityCubed",
        "and fastest at the highest quality",
        lambda h: h["OverallQual"] ** 3,
    ),
    _smooth(
        "ConditionSquared",
        "poor condition costs more than good condition adds",
        lambda h: (h["OverallCond"] - 5) ** 2,
    ),
    _smooth(
        "ConditionCubed",
        "and the worst condition costs most",
        lambda h: (h["OverallCond"] - 5) ** 3,
    ),
    _smooth(
        "SizeSquared",
        "the log of the price is not quite linear in the log of the size",
        lambda h: _size(h) ** 2,
    ),
    _smooth(
        "SizeCubed",
        "and it bends differently at small and at large sizes",
        lambda h: _size(h) ** 3,
    ),
    _smooth(
        "LivingSquared",
        "the same for the area above ground, squared",
        lambda h: (log1p(h["GrLivArea"]) - 7.3) ** 2,
    ),
    _smooth(
        "LotSquared",
        "beyond some size a larger lot hardly raises the price",
        lambda h: _lot(h) ** 2,
    ),
    _smooth(
        "AgeRoot", "the first years lower the price most", lambda h: np.sqrt(_age(h))
    ),
    _smooth(
        "AgeSquared",
        "very old houses lose little value with further age",
        lambda h: (_age(h) / 30 - 1.2) ** 2,
    ),
    _smooth(
        "AgeCubed", "and some gain value with age", lambda h: (_age(h) / 30 - 1.2) ** 3
    ),
    _smooth(
        "BuiltSquared",
        "building styles differ between decades",
        lambda h: ((h["YearBuilt"] - 1970) / 30) ** 2,
    ),
    _smooth(
        "BuiltCubed",
        "and differ again for houses built after 1990",
        lambda h: ((h["YearBuilt"] - 1970) / 30) ** 3,
    ),
    _smooth(
        "RemodelSquared",
        "only a recent remodelling raises the price",
        lambda h: ((h["YearRemodAdd"] - 1985) / 20) ** 2,
    ),
)

BUILT = SUMS + PRODUCTS + CURVES
