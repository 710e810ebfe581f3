"""Check that a header has each column of the competition exactly once."""

import re
from collections import Counter
from difflib import get_close_matches
from pathlib import Path

from pipeline.core.errors import UserError, short
from pipeline.data.schema import COLUMNS, ID, TARGET

_SIMILAR = 0.6  # GarageArea is like Garage_Area by 1, and like Notes by 0.3
_GIVE = "give the file of House Prices: Advanced Regression Techniques"
_OTHERS = (  # columns that mark other files, and what these are
    ({"PID", "Gr Liv Area"}, "De Cock's original table, with other columns and houses"),
    ({ID, TARGET}, "a submission file, with prices but without columns"),
    ({"Survived", "Pclass"}, "the Titanic data"),
    ({"PassengerId", "Pclass"}, "the Titanic data"),
    ({"median_house_value"}, "the California housing data"),
    ({"MedHouseVal"}, "the California housing data"),
    ({"sqft_living", "price"}, "the King County data"),
    ({"CRIM", "LSTAT"}, "the Boston housing data"),
)


def check_header(path: Path, header: list[str], *, with_price: bool) -> None:
    """Check the column names; their order does not matter.

    Raises:
        UserError: A column is missing, unknown or duplicated, or this is another file.
    """
    wanted = [ID, *(c.name for c in COLUMNS)] + [TARGET] * with_price
    _check_kind(path, header, wanted, with_price=with_price)
    for name, times in Counter(header).items():
        if times > 1 and name in wanted:
            raise UserError(
                f"{path}: column {name}: duplicate column; keep one of them"
            )
    named, known = set(header), set(wanted)
    missing = [name for name in wanted if name not in named]
    extra = [name for name in header if name not in known]
    if missing:
        near = _nearest(missing[0], extra)
        hint = f"rename the unknown column {short(near)}, or " if near else ""
        raise UserError(f"{path}: column {missing[0]}: missing; {hint}add it")
    if extra:
        _refuse_index(path, header, extra[0])
        raise UserError(f"{path}: column {short(extra[0])}: unknown; remove it")


def _nearest(wanted: str, names: list[str]) -> str | None:
    """Return the name that is most like the wanted one, if one is like it at all."""
    plain = {_plain(name): name for name in reversed(names)}
    found = get_close_matches(_plain(wanted), plain, n=1, cutoff=_SIMILAR)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    """Return a name without case, blanks and marks; R writes 1stFlrSF as X1stFlrSF."""
    letters = re.sub(r"[\W_]", "", name).casefold()
    return letters[1:] if re.match(r"x\d", letters) else letters


def _refuse_index(path: Path, header: list[str], name: str) -> None:
    """Refuse the index that pandas writes as a first column without a name."""
    if name == header[0] and (not name.strip() or name.startswith("Unnamed: ")):
        raise UserError(
            f"{path}: column 1 has no name: it is the index of a data frame; save the "
            "file with index=False"
        )


def _check_kind(
    path: Path, header: list[str], wanted: list[str], *, with_price: bool
) -> None:
    """Refuse other data, train.csv in place of test.csv, and a missing header."""
    for marks, kind in _OTHERS:
        if marks <= set(header) and not {ID, "GrLivArea"} <= set(header):
            raise UserError(f"{path}: line 1: this is {kind}; {_GIVE}")
    if not with_price and TARGET in header:
        raise UserError(
            f"{path}: column {TARGET}: prices in the test file; "
            "are train.csv and test.csv swapped?"
        )
    if with_price and sorted(header) == sorted(wanted[:-1]):
        raise UserError(
            f"{path}: column {TARGET}: missing from the training file; "
            "are train.csv and test.csv swapped?"
        )
    if not set(header) & set(wanted):
        first = short(header[0]) if header else TARGET
        raise UserError(
            f"{path}: line 1: {first} … has no known column name; "
            "restore the header as the first line"
        )
