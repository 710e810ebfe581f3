"""Built columns: cleaned frame in, feature frame out; nothing is learned.

Every value comes from its own row alone, so this may run before the folds are cut.
The numbers that columns are centred on (7.8 is a log of 2,440 square feet) are fixed:
a square or a product says something new only near the middle of what it is made of.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.data.schema import CATEGORIES

Houses = pd.DataFrame
LOGGED = (
    *("LotFrontage", "LotArea", "MasVnrArea", "BsmtFinSF1", "BsmtFinSF2"),
    *("BsmtUnfSF", "TotalBsmtSF", "1stFlrSF", "2ndFlrSF", "LowQualFinSF"),
    *("GrLivArea", "GarageArea", "WoodDeckSF", "OpenPorchSF", "EnclosedPorch"),
    *("3SsnPorch", "ScreenPorch", "PoolArea", "MiscVal"),
)  # long right tails; log1p makes equal ratios equal steps


class Built(NamedTuple):
    """A column computed from others of the same house, and why it is there."""

    name: str
    reason: str
    formula: Callable[[Houses], pd.Series]


def _total_sf(h: Houses) -> pd.Series:
    return h["TotalBsmtSF"] + h["GrLivArea"]


def _age(h: Houses) -> pd.Series:
    return (h["YrSold"] - h["YearBuilt"]).clip(lower=0)


def _porch_sf(h: Houses) -> pd.Series:
    return h["OpenPorchSF"] + h["EnclosedPorch"] + h["3SsnPorch"] + h["ScreenPorch"]


def _size(h: Houses) -> pd.Series:
    return _log1p(_total_sf(h)) - 7.8


def _lot(h: Houses) -> pd.Series:
    return _log1p(h["LotArea"]) - 9.1


def _old(h: Houses) -> pd.Series:
    return (h["YearBuilt"] < 1945).astype(float)


def _log1p(sizes: pd.Series) -> pd.Series:
    return pd.Series(np.log1p(sizes), index=sizes.index)


SUMS = (
    Built(
        "Size",
        "log of the square feet of all floors and basement, the best single column",
        _size,
    ),
    Built(
        "FinishedSize",
        "log of the square feet that are lived in, in the basement too",
        lambda h: _log1p(h["GrLivArea"] + h["BsmtFinSF1"] + h["BsmtFinSF2"]),
    ),
    Built(
        "SizeWithGarage",
        "log of all square feet under a roof",
        lambda h: _log1p(_total_sf(h) + h["GarageArea"]),
    ),
    Built(
        "Baths",
        "a half bath is about half a bath, wherever it is",
        lambda h: (
            h["FullBath"]
            + h["BsmtFullBath"]
            + 0.5 * (h["HalfBath"] + h["BsmtHalfBath"])
        ),
    ),
    Built(
        "BathsUpstairs",
        "baths near the bedrooms count for more",
        lambda h: h["FullBath"] + 0.5 * h["HalfBath"],
    ),
    Built(
        "PorchSize",
        "the kinds of porch are rare one by one",
        lambda h: _log1p(_porch_sf(h)),
    ),
    Built(
        "OutdoorSize",
        "a deck does what a porch does",
        lambda h: _log1p(_porch_sf(h) + h["WoodDeckSF"]),
    ),
)

PRODUCTS = (
    Built(
        "QualityTimesSF",
        "a better finish pays for every square foot",
        lambda h: h["OverallQual"] * _total_sf(h) / 1000,
    ),
    Built(
        "QualityTimesLivingSF",
        "the same above ground, where the finish is seen",
        lambda h: h["OverallQual"] * h["GrLivArea"] / 1000,
    ),
    Built(
        "ConditionTimesSF",
        "repairs cost by the square foot",
        lambda h: h["OverallCond"] * _total_sf(h) / 1000,
    ),
    Built(
        "QualityTimesBasementSF",
        "good houses have basements worth having",
        lambda h: h["OverallQual"] * h["TotalBsmtSF"] / 1000,
    ),
    Built(
        "QualityTimesGarageSF",
        "good houses have garages worth having",
        lambda h: h["OverallQual"] * h["GarageArea"] / 1000,
    ),
    Built(
        "FunctionalTimesSF",
        "damage lowers the price of every square foot",
        lambda h: h["Functional"] * _total_sf(h) / 1000,
    ),
    Built(
        "FinishTimesFinishedSF",
        "a finished basement is worth its finish",
        lambda h: h["BsmtFinType1"] * h["BsmtFinSF1"] / 1000,
    ),
    Built(
        "FinishTimesFinishedLog",
        "the same, where more is worth ever less",
        lambda h: h["BsmtFinType1"] * _log1p(h["BsmtFinSF1"]),
    ),
    Built(
        "ExposureTimesBasement",
        "garden walls light a large basement",
        lambda h: h["BsmtExposure"] * _log1p(h["TotalBsmtSF"]),
    ),
    Built(
        "HeightTimesBasement",
        "BsmtQual grades the height of the basement",
        lambda h: h["BsmtQual"] * _log1p(h["TotalBsmtSF"]),
    ),
    Built(
        "HeightTimesFinished",
        "height matters where people live",
        lambda h: h["BsmtQual"] * _log1p(h["BsmtFinSF1"]),
    ),
    Built(
        "OldTimesSize",
        "before 1945 another square foot was worth less",
        lambda h: _old(h) * _size(h),
    ),
    Built(
        "OldTimesCondition",
        "an old house lives by its upkeep",
        lambda h: _old(h) * (h["OverallCond"] - 5.6),
    ),
    Built(
        "BuiltTimesSold",
        "the crisis of 2008 hit new houses and old ones differently",
        lambda h: (h["YearBuilt"] - 1970) * (h["YrSold"] - 2008) / 30,
    ),
)

CURVES = (
    Built("QualitySquared", "top grades rise faster", lambda h: h["OverallQual"] ** 2),
    Built("QualityCubed", "and the last ones faster", lambda h: h["OverallQual"] ** 3),
    Built(
        "ConditionSquared",
        "poor condition costs more than good condition brings",
        lambda h: (h["OverallCond"] - 5) ** 2,
    ),
    Built(
        "ConditionCubed",
        "and the worst condition most",
        lambda h: (h["OverallCond"] - 5) ** 3,
    ),
    Built("SizeSquared", "price is not quite a power of size", lambda h: _size(h) ** 2),
    Built("SizeCubed", "nor is it at both ends alike", lambda h: _size(h) ** 3),
    Built(
        "LivingSquared",
        "the same for what is above ground",
        lambda h: (_log1p(h["GrLivArea"]) - 7.3) ** 2,
    ),
    Built("LotSquared", "very large lots are hardly dearer", lambda h: _lot(h) ** 2),
    Built("AgeRoot", "the first years cost most", lambda h: np.sqrt(_age(h))),
    Built(
        "AgeSquared",
        "beyond a lifetime age costs little more",
        lambda h: (_age(h) / 30 - 1.2) ** 2,
    ),
    Built("AgeCubed", "and may bring charm", lambda h: (_age(h) / 30 - 1.2) ** 3),
    Built(
        "BuiltSquared",
        "decades have their own way of building",
        lambda h: ((h["YearBuilt"] - 1970) / 30) ** 2,
    ),
    Built(
        "BuiltCubed",
        "and the decades after 1990 another",
        lambda h: ((h["YearBuilt"] - 1970) / 30) ** 3,
    ),
    Built(
        "RemodelSquared",
        "only a recent remodelling still shows",
        lambda h: ((h["YearRemodAdd"] - 1985) / 20) ** 2,
    ),
)

OTHERS = (
    Built(
        "CommercialZone",
        "ten houses in C (all) sell far below their like; a number is not shrunk as a "
        "rare word is",
        lambda h: (h["MSZoning"] == "C (all)").astype(float),
    ),
    Built("Lot", "what the neighbourhoods are crossed with", _lot),
)

BUILT = SUMS + PRODUCTS + CURVES + OTHERS

# Word × number: each neighbourhood has its own price of a foot of house and of lot.
CROSSED = (("Neighborhood", "Size"), ("Neighborhood", "Lot"))


def build_features(clean: Houses) -> Houses:
    """Turn cleaned houses into the columns that the encoder takes.

    Ordered words become their rank (0 is "has none"), tailed sizes their log1p; the
    built columns are added. Unordered words stay words, and rows keep their order.
    """
    ordered = [c.name for c in CATEGORIES.values() if c.ordered]
    ranked = clean.assign(**{name: _ranks(clean[name]) for name in ordered})
    built = {column.name: column.formula(ranked) for column in BUILT}
    logged = {name: _log1p(ranked[name]) for name in LOGGED}
    return ranked.assign(**logged, **built)


def _ranks(words: pd.Series) -> pd.Series:
    column = CATEGORIES[str(words.name)]
    first = 0 if column.absent else 1
    rank = {word: first + place for place, word in enumerate(column.vocabulary)}
    return words.astype(object).map(rank).astype(float)
