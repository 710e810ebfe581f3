"""Rules for the houses of Ames: ambiguous cells, resolved within their row."""

from pipeline.data.schema import ABSENT
from pipeline.data.table import Rule

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
