"""Read a CSV file of houses and check every cell against the schema.

A valid file becomes a frame: numbers are float64 (missing is NaN), categories are
categorical strings (missing is NaN; "has none" is the string `None`), Id is int64. The
error about an invalid file names the file, the column and the first wrong line.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.data.cells import Cells
from pipeline.data.csv_blocks import read_blocks
from pipeline.data.header import check_header
from pipeline.data.schema import ABSENT, COLUMNS, ID, TARGET, Category, Number

MISSING = ("NA", "")
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
    texts = read_blocks(path, remedy)
    header = next(texts).columns
    named = [name for name in header if name not in ignored]
    check_header(path, named, with_price=with_price)
    unseen: dict[str, list[str]] = {}
    blocks = [_typed(path, text, unseen, with_price=with_price) for text in texts]
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
    cells = {name: Cells.of(path, text[name]) for name in text}
    columns = {ID: _ids(cells[ID])}
    for column in COLUMNS:
        own = cells[column.name]
        if isinstance(column, Number):
            columns[column.name] = _numbers(own, column)
        else:
            columns[column.name] = _categories(
                own, column, None if with_price else unseen
            )
    if with_price:
        columns[TARGET] = _prices(cells[TARGET])
    return pd.DataFrame(columns)


def _numbers(cells: Cells, column: Number) -> pd.Series:
    known = ~cells.text.isin(MISSING)
    values = pd.to_numeric(cells.text.where(known, None), errors="coerce").astype(float)
    cells.refuse(known & values.isna(), "is not a number (missing values are NA)")
    outside = known & ~values.between(column.low, column.high)
    cells.refuse(outside, f"is outside {column.low:,.15g} to {column.high:,.15g}")
    return cells.each(values)


def _categories(
    cells: Cells, column: Category, unseen: dict[str, list[str]] | None
) -> pd.Series:
    text = cells.text
    missing = text.isin(MISSING)
    unlisted = ~missing & ~text.isin(column.values)
    _refuse_misspelt(cells, text[unlisted], column)
    if unseen is None:
        cells.refuse(unlisted, "is not a category of the data description")
    elif unlisted.any():
        _refuse_most(cells, unlisted, missing)
        invalid = unlisted & ~text.map(_is_valid_name)
        cells.refuse(invalid, "is not a valid category name")
        seen = unseen.setdefault(column.name, [])
        seen += [name for name in text[unlisted] if name not in seen]
    known = text.mask(missing, ABSENT if column.absent else None).mask(unlisted, None)
    vocabulary = pd.CategoricalDtype(list(column.vocabulary))
    return cells.each(known.astype(vocabulary))


def _refuse_misspelt(cells: Cells, unlisted: pd.Series, column: Category) -> None:
    """Refuse the first cell that is a known category but for blanks or case."""
    known = {_plain(name): name for name in column.vocabulary} | {"na": "NA"}
    for text in unlisted:
        if (name := known.get(_plain(text))) is not None:
            line, _ = cells.first(cells.text == text)
            raise UserError(
                f"{cells.path}: column {cells.name}, line {line}: {short(text)} "
                f"differs from the category {name} in blanks or case; restore {name} "
                "in all rows"
            )


def _refuse_most(cells: Cells, unlisted: pd.Series, missing: pd.Series) -> None:
    """Refuse a column of which most cells are in no training row: no such column."""
    most = _MOST_UNLISTED * cells.each(~missing).sum()
    if cells.each(unlisted).sum() > max(_FEW, most):
        line, text = cells.first(unlisted)
        raise UserError(
            f"{cells.path}: column {cells.name}, line {line}: {short(text)}, as most "
            "cells of this column, is in no training row; restore the column, with the "
            "categories of the data description"
        )


def _plain(cell: str) -> str:
    return cell.strip().casefold()


def _is_valid_name(cell: str) -> bool:
    return len(cell) <= _LONGEST_CATEGORY and cell.isprintable()


def _prices(cells: Cells) -> pd.Series:
    missing = cells.text.isin(MISSING)
    cells.refuse(missing, "is missing; every training row needs a price")
    return _numbers(cells, _PRICE)


def _ids(cells: Cells) -> pd.Series:
    text = cells.text.str
    good = text.fullmatch(r"[0-9]{1,15}") & ~text.fullmatch("0+")
    cells.refuse(~good, "is not a positive integer, as an Id must be")
    return cells.each(cells.text.astype(np.int64))


def _check_ids(path: Path, ids: pd.Series) -> None:
    duplicated = ids.duplicated()
    if duplicated.any():
        line = ids.index[duplicated][0]
        raise UserError(
            f"{path}: column {ID}, line {line}: duplicate Id {ids[line]}; "
            "remove one of the rows"
        )
