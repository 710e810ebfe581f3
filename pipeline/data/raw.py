"""Read a CSV file of houses and check every cell against the schema.

A valid file becomes a frame: numbers are float64 (missing is NaN), categories are
categorical strings (missing is NaN; "has none" is the string `None`), Id is int64. The
error about an invalid file names the file, the column and the first wrong line.
"""

from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.data.csv_reader import read_rows
from pipeline.data.header import check_header
from pipeline.data.schema import ABSENT, COLUMNS, ID, TARGET, Category, Number

MISSING = ("NA", "")
_BLOCK = 20_000  # rows converted at a time, so that long files need little memory
_LONGEST_CATEGORY = 40  # characters
_PRICE = Number(TARGET, 1, 1e9)  # dollars
_LOWEST_MEDIAN = 1_000  # dollars
_MOST_UNLISTED = 0.5  # share of a column's cells that may be new categories
_FEW = 10  # houses, of which all may have new categories
_REMEDY = "put Kaggle's file there (in a clone, `git checkout data/raw` restores it)"


class Table(NamedTuple):
    """The houses of one file, and its categories that the schema does not list."""

    frame: pd.DataFrame
    unseen: dict[str, list[str]]


def read_train(path: Path) -> pd.DataFrame:
    """Read training rows: all columns, positive prices, and listed categories only.

    Raises:
        UserError: The file is invalid.
    """
    table = _read(path, with_price=True)
    if len(table.frame) < 2:
        raise UserError(f"{path}: only one house; training needs at least two")
    prices = table.frame[TARGET]
    if (prices == prices[0]).all():
        raise UserError(
            f"{path}: column {TARGET}, line 2: all prices are {prices[0]:,.0f}; "
            "there is nothing to learn; restore the real prices"
        )
    _check_dollars(path, prices)
    return table.frame


def _check_dollars(path: Path, prices: pd.Series) -> None:
    """Refuse prices that cannot be dollars: no house is sold for hundreds."""
    if prices.median() < _LOWEST_MEDIAN:
        raise UserError(
            f"{path}: column {TARGET}: half of the prices are below "
            f"{_LOWEST_MEDIAN:,} (the first is {prices[0]:.6g}), so they cannot be "
            "dollars; if they are logarithms or thousands, restore dollars"
        )


def read_test(path: Path) -> Table:
    """Read test rows: all columns but the price; unseen categories are allowed.

    A category that the schema does not list is missing in the frame, for the caller to
    report. It must be printable and of at most 40 characters.

    Raises:
        UserError: The file is invalid.
    """
    return _read(path, with_price=False)


def read_new(path: Path) -> Table:
    """Read any file of houses as test rows; a column of prices is ignored.

    Raises:
        UserError: The file is invalid.
    """
    remedy = "give a file with the columns of test.csv"
    return _read(path, with_price=False, ignored=(TARGET,), remedy=remedy)


def _read(
    path: Path,
    *,
    with_price: bool,
    ignored: tuple[str, ...] = (),
    remedy: str = _REMEDY,
) -> Table:
    rows = read_rows(path, remedy)
    _, header = next(rows)
    named = [name for name in header if name not in ignored]
    check_header(path, named, with_price=with_price)
    blocks: list[pd.DataFrame] = []
    unseen: dict[str, list[str]] = {}
    while block := list(islice(rows, _BLOCK)):
        lines, cells = zip(*block, strict=True)
        text = pd.DataFrame(cells, columns=header, index=pd.Index(lines), dtype=object)
        blocks.append(_typed(path, text, unseen, with_price=with_price))
    if not blocks:
        raise UserError(f"{path}: a header but no houses; {remedy}")
    frame = pd.concat(blocks)
    _check_ids(path, frame[ID])
    return Table(frame.reset_index(drop=True), unseen)


def _typed(
    path: Path,
    text: pd.DataFrame,
    unseen: dict[str, list[str]],
    *,
    with_price: bool,
) -> pd.DataFrame:
    """Convert a block of text to numbers and categories, in the order of the schema."""
    columns: dict[str, pd.Series] = {ID: _ids(path, text[ID])}
    for column in COLUMNS:
        cells = text[column.name]
        if isinstance(column, Number):
            columns[column.name] = _numbers(path, cells, column)
        else:
            columns[column.name] = _categories(
                path, cells, column, None if with_price else unseen
            )
    if with_price:
        columns[TARGET] = _prices(path, text[TARGET])
    return pd.DataFrame(columns)


def _numbers(path: Path, cells: pd.Series, column: Number) -> pd.Series:
    known = ~cells.isin(MISSING)
    values = pd.to_numeric(cells.where(known, None), errors="coerce").astype(float)
    _refuse(
        path, cells, known & values.isna(), "is not a number (missing values are NA)"
    )
    outside = known & ~values.between(column.low, column.high)
    span = f"is outside {column.low:,.15g} to {column.high:,.15g}"
    _refuse(path, cells, outside, span)
    return values


def _categories(
    path: Path,
    cells: pd.Series,
    column: Category,
    unseen: dict[str, list[str]] | None,
) -> pd.Series:
    missing = cells.isin(MISSING)
    unlisted = ~missing & ~cells.isin(column.values)
    if unlisted.any():
        _refuse_misspelt(path, cells[unlisted], column)
    if unseen is None:
        _refuse(path, cells, unlisted, "is not a category of the data description")
    elif unlisted.any():
        _refuse_most(path, cells, unlisted, missing)
        invalid = unlisted & ~cells.where(unlisted, "").map(_is_valid_name)
        _refuse(path, cells, invalid, "is not a valid category name")
        seen = unseen.setdefault(column.name, [])
        seen += [name for name in cells[unlisted].unique() if name not in seen]
    known = cells.mask(missing, ABSENT if column.absent else None).mask(unlisted, None)
    return known.astype("category").cat.set_categories(list(column.vocabulary))


def _refuse_misspelt(path: Path, cells: pd.Series, column: Category) -> None:
    """Refuse the first cell that is a known category but for blanks or case."""
    known = {_plain(name): name for name in column.vocabulary} | {"na": "NA"}
    for line, cell in cells.items():
        if (name := known.get(_plain(cell))) is not None:
            raise UserError(
                f"{path}: column {cells.name}, line {line}: {short(cell)} differs from "
                f"the category {name} in blanks or case; restore {name} in all rows"
            )


def _refuse_most(
    path: Path, cells: pd.Series, unlisted: pd.Series, missing: pd.Series
) -> None:
    """Refuse a column of which most cells are in no training row: no such column."""
    if unlisted.sum() > max(_FEW, _MOST_UNLISTED * (~missing).sum()):
        raise UserError(
            f"{path}: column {cells.name}, line {unlisted.idxmax()}: "
            f"{short(cells[unlisted].iloc[0])}, as most cells of this column, is in no "
            "training row; restore the column, with the categories of the data "
            "description"
        )


def _plain(cell: str) -> str:
    return cell.strip().casefold()


def _is_valid_name(cell: str) -> bool:
    return len(cell) <= _LONGEST_CATEGORY and cell.isprintable()


def _prices(path: Path, cells: pd.Series) -> pd.Series:
    _refuse(
        path, cells, cells.isin(MISSING), "is missing; every training row needs a price"
    )
    return _numbers(path, cells, _PRICE)


def _ids(path: Path, cells: pd.Series) -> pd.Series:
    good = cells.str.fullmatch(r"[0-9]{1,15}") & ~cells.str.fullmatch("0+")
    _refuse(path, cells, ~good, "is not a positive integer, as an Id must be")
    return cells.astype(np.int64)


def _check_ids(path: Path, ids: pd.Series) -> None:
    duplicated = ids.duplicated()
    if duplicated.any():
        line = ids.index[duplicated][0]
        raise UserError(
            f"{path}: column {ID}, line {line}: duplicate Id {ids[line]}; "
            "remove one of the rows"
        )


def _refuse(path: Path, cells: pd.Series, wrong: pd.Series, why: str) -> None:
    """Raise for the first wrong cell, if there is one."""
    if wrong.any():
        line = cells.index[wrong][0]
        raise UserError(
            f"{path}: column {cells.name}, line {line}: {short(cells[line])} {why}; "
            "fix the cell or remove the row"
        )
