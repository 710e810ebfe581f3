"""The columns of the competition: the valid values of each and the meaning of `NA`.

The facts are those of Kaggle's data_description.txt, spelled as the files spell them
(De Cock, "Ames, Iowa", Journal of Statistics Education 19(3), 2011).
"""

from dataclasses import dataclass

ID = "Id"
TARGET = "SalePrice"
LOCATION = "Neighborhood"
YEAR_BUILT = "YearBuilt"
ABSENT = "None"  # the category of a house without a garage, a pool, …


@dataclass(frozen=True)
class Number:
    """A numeric column: finite values within [low, high]; `NA` means missing."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Category:
    """A categorical column; with `absent`, `NA` means that the house has none."""

    name: str
    values: tuple[str, ...]
    absent: bool = False
    ordered: bool = False  # `values` are listed from worst to best

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """All categories of a cleaned frame; "has none" comes first."""
        return (ABSENT, *self.values) if self.absent else self.values


def _area(name: str) -> Number:
    return Number(name, 0, 1_000_000)  # square feet


def _count(name: str) -> Number:
    return Number(name, 0, 100)


def _year(name: str, high: float = 2100) -> Number:
    return Number(name, 1600, high)


def _nominal(name: str, values: str, *, absent: bool = False) -> Category:
    return Category(name, tuple(values.split("|")), absent=absent)


def _ordinal(name: str, worst_to_best: str, *, absent: bool = False) -> Category:
    return Category(name, tuple(worst_to_best.split("|")), absent=absent, ordered=True)


_QUALITY = "Po|Fa|TA|Gd|Ex"
_FINISH = "Unf|LwQ|Rec|BLQ|ALQ|GLQ"
_CONDITIONS = "Artery|Feedr|Norm|RRNn|RRAn|PosN|PosA|RRNe|RRAe"
_SIDINGS = (
    "AsbShng|AsphShn|BrkFace|CBlock|HdBoard|ImStucc|MetalSd|Other|Plywood|PreCast"
)
_ZONES = "A|C (all)|FV|I|RH|RL|RP|RM"
_NEIGHBORHOODS = (
    "Blmngtn|Blueste|BrDale|BrkSide|ClearCr|CollgCr|Crawfor|Edwards|Gilbert|IDOTRR|"
    "MeadowV|Mitchel|NAmes|NoRidge|NPkVill|NridgHt|NWAmes|OldTown|SWISU|Sawyer|"
    "SawyerW|Somerst|StoneBr|Timber|Veenker"
)

COLUMNS: tuple[Number | Category, ...] = (
    _nominal("MSSubClass", "20|30|40|45|50|60|70|75|80|85|90|120|150|160|180|190"),
    _nominal("MSZoning", _ZONES),
    Number("LotFrontage", 0, 10_000),  # feet of street
    _area("LotArea"),
    _ordinal("Street", "Grvl|Pave"),
    _ordinal("Alley", "Grvl|Pave", absent=True),
    _ordinal("LotShape", "IR3|IR2|IR1|Reg"),
    _nominal("LandContour", "Lvl|Bnk|HLS|Low"),
    _ordinal("Utilities", "ELO|NoSeWa|NoSewr|AllPub"),
    _nominal("LotConfig", "Inside|Corner|CulDSac|FR2|FR3"),
    _ordinal("LandSlope", "Sev|Mod|Gtl"),
    _nominal("Neighborhood", _NEIGHBORHOODS),
    _nominal("Condition1", _CONDITIONS),
    _nominal("Condition2", _CONDITIONS),
    _nominal("BldgType", "1Fam|2fmCon|Duplex|TwnhsE|Twnhs"),
    _nominal("HouseStyle", "1Story|1.5Fin|1.5Unf|2Story|2.5Fin|2.5Unf|SFoyer|SLvl"),
    Number("OverallQual", 1, 10),
    Number("OverallCond", 1, 10),
    _year("YearBuilt"),
    _year("YearRemodAdd"),
    _nominal("RoofStyle", "Flat|Gable|Gambrel|Hip|Mansard|Shed"),
    _nominal("RoofMatl", "ClyTile|CompShg|Membran|Metal|Roll|Tar&Grv|WdShake|WdShngl"),
    _nominal(
        "Exterior1st",
        f"{_SIDINGS}|BrkComm|CemntBd|Stone|Stucco|VinylSd|Wd Sdng|WdShing",
    ),
    _nominal(
        "Exterior2nd",
        f"{_SIDINGS}|Brk Cmn|CmentBd|Stone|Stucco|VinylSd|Wd Sdng|Wd Shng",
    ),
    _nominal(
        "MasVnrType", "BrkCmn|BrkFace|CBlock|None|Stone"
    ),  # None is a category here
    _area("MasVnrArea"),
    _ordinal("ExterQual", _QUALITY),
    _ordinal("ExterCond", _QUALITY),
    _nominal("Foundation", "BrkTil|CBlock|PConc|Slab|Stone|Wood"),
    _ordinal("BsmtQual", _QUALITY, absent=True),
    _ordinal("BsmtCond", _QUALITY, absent=True),
    _ordinal("BsmtExposure", "No|Mn|Av|Gd", absent=True),
    _ordinal("BsmtFinType1", _FINISH, absent=True),
    _area("BsmtFinSF1"),
    _ordinal("BsmtFinType2", _FINISH, absent=True),
    _area("BsmtFinSF2"),
    _area("BsmtUnfSF"),
    _area("TotalBsmtSF"),
    _nominal("Heating", "Floor|GasA|GasW|Grav|OthW|Wall"),
    _ordinal("HeatingQC", _QUALITY),
    _ordinal("CentralAir", "N|Y"),
    _nominal("Electrical", "Mix|FuseP|FuseF|FuseA|SBrkr"),
    _area("1stFlrSF"),
    _area("2ndFlrSF"),
    _area("LowQualFinSF"),
    _area("GrLivArea"),
    _count("BsmtFullBath"),
    _count("BsmtHalfBath"),
    _count("FullBath"),
    _count("HalfBath"),
    _count("BedroomAbvGr"),
    _count("KitchenAbvGr"),
    _ordinal("KitchenQual", _QUALITY),
    _count("TotRmsAbvGrd"),
    _ordinal("Functional", "Sal|Sev|Maj2|Maj1|Mod|Min2|Min1|Typ"),
    _count("Fireplaces"),
    _ordinal("FireplaceQu", _QUALITY, absent=True),
    _nominal("GarageType", "2Types|Attchd|Basment|BuiltIn|CarPort|Detchd", absent=True),
    _year("GarageYrBlt", high=2300),  # Kaggle's own test.csv has 2207, in Id 2593
    _ordinal("GarageFinish", "Unf|RFn|Fin", absent=True),
    _count("GarageCars"),
    _area("GarageArea"),
    _ordinal("GarageQual", _QUALITY, absent=True),
    _ordinal("GarageCond", _QUALITY, absent=True),
    _ordinal("PavedDrive", "N|P|Y"),
    _area("WoodDeckSF"),
    _area("OpenPorchSF"),
    _area("EnclosedPorch"),
    _area("3SsnPorch"),
    _area("ScreenPorch"),
    _area("PoolArea"),
    _ordinal("PoolQC", _QUALITY, absent=True),
    _ordinal("Fence", "MnWw|GdWo|MnPrv|GdPrv", absent=True),
    _nominal("MiscFeature", "Elev|Gar2|Othr|Shed|TenC", absent=True),
    Number("MiscVal", 0, 10_000_000),  # dollars
    Number("MoSold", 1, 12),
    _year("YrSold"),
    _nominal("SaleType", "WD|CWD|VWD|New|COD|Con|ConLw|ConLI|ConLD|Oth"),
    _nominal("SaleCondition", "Normal|Abnorml|AdjLand|Alloca|Family|Partial"),
)

NUMBERS = {c.name: c for c in COLUMNS if isinstance(c, Number)}
CATEGORIES = {c.name: c for c in COLUMNS if isinstance(c, Category)}
