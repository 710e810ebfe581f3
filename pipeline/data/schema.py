"""The competition's columns: what each may hold and what `NA` means in it.

The facts are those of Kaggle's data_description.txt, spelled as the files spell them
(De Cock, "Ames, Iowa", Journal of Statistics Education 19(3), 2011).
"""

from dataclasses import dataclass

ID = "Id"
TARGET = "SalePrice"
ABSENT = "None"  # how a house without a garage, a pool, … is written once it is read


@dataclass(frozen=True)
class Number:
    """A measured column: finite, within [low, high]; `NA` is unknown."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Category:
    """A column of words; with `absent`, `NA` means that the house has none."""

    name: str
    values: tuple[str, ...]
    absent: bool = False
    ordered: bool = False  # the values go from worst to best

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word a cleaned frame may hold, "has none" first."""
        return (ABSENT, *self.values) if self.absent else self.values


def _area(name: str) -> Number:
    return Number(name, 0, 1_000_000)  # square feet


def _count(name: str) -> Number:
    return Number(name, 0, 100)


def _year(name: str, high: float = 2100) -> Number:
    return Number(name, 1600, high)


def _words(name: str, values: str, *, absent: bool = False) -> Category:
    return Category(name, tuple(values.split("|")), absent=absent)


def _scale(name: str, worst_to_best: str, *, absent: bool = False) -> Category:
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
    _words("MSSubClass", "20|30|40|45|50|60|70|75|80|85|90|120|150|160|180|190"),
    _words("MSZoning", _ZONES),
    Number("LotFrontage", 0, 10_000),  # feet of street
    _area("LotArea"),
    _scale("Street", "Grvl|Pave"),
    _scale("Alley", "Grvl|Pave", absent=True),
    _scale("LotShape", "IR3|IR2|IR1|Reg"),
    _words("LandContour", "Lvl|Bnk|HLS|Low"),
    _scale("Utilities", "ELO|NoSeWa|NoSewr|AllPub"),
    _words("LotConfig", "Inside|Corner|CulDSac|FR2|FR3"),
    _scale("LandSlope", "Sev|Mod|Gtl"),
    _words("Neighborhood", _NEIGHBORHOODS),
    _words("Condition1", _CONDITIONS),
    _words("Condition2", _CONDITIONS),
    _words("BldgType", "1Fam|2fmCon|Duplex|TwnhsE|Twnhs"),
    _words("HouseStyle", "1Story|1.5Fin|1.5Unf|2Story|2.5Fin|2.5Unf|SFoyer|SLvl"),
    Number("OverallQual", 1, 10),
    Number("OverallCond", 1, 10),
    _year("YearBuilt"),
    _year("YearRemodAdd"),
    _words("RoofStyle", "Flat|Gable|Gambrel|Hip|Mansard|Shed"),
    _words("RoofMatl", "ClyTile|CompShg|Membran|Metal|Roll|Tar&Grv|WdShake|WdShngl"),
    _words(
        "Exterior1st",
        f"{_SIDINGS}|BrkComm|CemntBd|Stone|Stucco|VinylSd|Wd Sdng|WdShing",
    ),
    _words(
        "Exterior2nd",
        f"{_SIDINGS}|Brk Cmn|CmentBd|Stone|Stucco|VinylSd|Wd Sdng|Wd Shng",
    ),
    _words("MasVnrType", "BrkCmn|BrkFace|CBlock|None|Stone"),  # None is a word here
    _area("MasVnrArea"),
    _scale("ExterQual", _QUALITY),
    _scale("ExterCond", _QUALITY),
    _words("Foundation", "BrkTil|CBlock|PConc|Slab|Stone|Wood"),
    _scale("BsmtQual", _QUALITY, absent=True),
    _scale("BsmtCond", _QUALITY, absent=True),
    _scale("BsmtExposure", "No|Mn|Av|Gd", absent=True),
    _scale("BsmtFinType1", _FINISH, absent=True),
    _area("BsmtFinSF1"),
    _scale("BsmtFinType2", _FINISH, absent=True),
    _area("BsmtFinSF2"),
    _area("BsmtUnfSF"),
    _area("TotalBsmtSF"),
    _words("Heating", "Floor|GasA|GasW|Grav|OthW|Wall"),
    _scale("HeatingQC", _QUALITY),
    _scale("CentralAir", "N|Y"),
    _words("Electrical", "Mix|FuseP|FuseF|FuseA|SBrkr"),
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
    _scale("KitchenQual", _QUALITY),
    _count("TotRmsAbvGrd"),
    _scale("Functional", "Sal|Sev|Maj2|Maj1|Mod|Min2|Min1|Typ"),
    _count("Fireplaces"),
    _scale("FireplaceQu", _QUALITY, absent=True),
    _words("GarageType", "2Types|Attchd|Basment|BuiltIn|CarPort|Detchd", absent=True),
    _year("GarageYrBlt", high=2300),  # Kaggle's own test.csv holds 2207, in Id 2593
    _scale("GarageFinish", "Unf|RFn|Fin", absent=True),
    _count("GarageCars"),
    _area("GarageArea"),
    _scale("GarageQual", _QUALITY, absent=True),
    _scale("GarageCond", _QUALITY, absent=True),
    _scale("PavedDrive", "N|P|Y"),
    _area("WoodDeckSF"),
    _area("OpenPorchSF"),
    _area("EnclosedPorch"),
    _area("3SsnPorch"),
    _area("ScreenPorch"),
    _area("PoolArea"),
    _scale("PoolQC", _QUALITY, absent=True),
    _scale("Fence", "MnWw|GdWo|MnPrv|GdPrv", absent=True),
    _words("MiscFeature", "Elev|Gar2|Othr|Shed|TenC", absent=True),
    Number("MiscVal", 0, 10_000_000),  # dollars
    Number("MoSold", 1, 12),
    _year("YrSold"),
    _words("SaleType", "WD|CWD|VWD|New|COD|Con|ConLw|ConLI|ConLD|Oth"),
    _words("SaleCondition", "Normal|Abnorml|AdjLand|Alloca|Family|Partial"),
)

NUMBERS = {c.name: c for c in COLUMNS if isinstance(c, Number)}
CATEGORIES = {c.name: c for c in COLUMNS if isinstance(c, Category)}
