"""Files that people really have in place of train.csv or test.csv of Ames."""

from pipeline.data.table import OtherFile

_GIVE = "give the file of House Prices: Advanced Regression Techniques"


def _other(columns: set[str], kind: str) -> OtherFile:
    return OtherFile(frozenset(columns), f"this is {kind}; {_GIVE}")


# Of the same houses, so that a schema of their own would be no help.
TAKEN_FOR_AMES = (
    _other(
        {"PID", "Gr Liv Area"},
        "De Cock's original table, with other columns and houses",
    ),
    _other({"Id", "SalePrice"}, "a submission file, with prices but without columns"),
)
OTHERS = (
    *TAKEN_FOR_AMES,
    _other({"Survived", "Pclass"}, "the Titanic data"),
    _other({"PassengerId", "Pclass"}, "the Titanic data"),
    _other({"median_house_value"}, "the California housing data"),
    _other({"MedHouseVal"}, "the California housing data"),
    _other({"sqft_living", "price"}, "the King County data"),
    _other({"CRIM", "LSTAT"}, "the Boston housing data"),
)
