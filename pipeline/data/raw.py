"""Read a file of houses and check every cell against the schema.

A file that passes comes back as a frame: numbers as float64 (unknown is NaN), words as
strings (unknown is missing, "has none" is `None` the word), Id as int64. A file that
does not is refused in one line that names the file, the column and the first row.
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

UNKNOWN = ("NA", "")
_BLOCK = 20_000  # rows held as text at a time, so that long files need little memory
_LONGEST_WORD = 40  # characters
_PRICE = Number(TARGET, 1, 1e9)  # dollars
_REMEDY = "put Kaggle's file there (in a clone, `git checkout data/raw` brings it back)"


class Table(NamedTuple):
    """The houses of one file and the words in it that the schema does not list."""

    frame: pd.DataFrame
    unseen: dict[str, list[str]]


def read_train(path: Path) -> pd.DataFrame:
    """Read training rows: every column, a positive price, and listed words only.

    Raises:
        UserError: the file cannot be used as it is.
    """
    table = _read(path, with_price=True)
    if len(table.frame) < 2:
        raise UserError(f"{path}: only one row of houses; training needs at least two")
    prices = table.frame[TARGET]
    if (prices == prices[0]).all():
        raise UserError(
            f"{path}: column {TARGET}, line 2: {prices[0]:,.0f} as in every row, "
            "which teaches nothing; put the real prices there"
        )
    return table.frame


def read_test(path: Path) -> Table:
    """Read test rows: every column but the price; unlisted words are let through.

    An unlisted word becomes unknown in the frame; the caller reports it. What is too
    long or too odd to be reported in a line is no word, and refused.

    Raises:
        UserError: the file cannot be used as it is.
    """
    return _read(path, with_price=False)


def read_new(path: Path) -> Table:
    """Read the rows of any file of houses, as test rows; prices are not looked at.

    Raises:
        UserError: the file cannot be used as it is.
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
    """Turn a block of text cells into numbers and words, in the schema's order."""
    columns: dict[str, pd.Series] = {ID: _ids(path, text[ID])}
    for column in COLUMNS:
        cells = text[column.name]
        if isinstance(column, Number):
            columns[column.name] = _numbers(path, cells, column)
        else:
            columns[column.name] = _words(
                path, cells, column, None if with_price else unseen
            )
    if with_price:
        columns[TARGET] = _prices(path, text[TARGET])
    return pd.DataFrame(columns)


def _numbers(path: Path, cells: pd.Series, column: Number) -> pd.Series:
    known = ~cells.isin(UNKNOWN)
    values = pd.to_numeric(cells.where(known, None), errors="coerce").astype(float)
    _refuse(path, cells, known & values.isna(), "is not a number (unknown is NA)")
    outside = known & ~values.between(column.low, column.high)
    span = f"is outside {column.low:,.15g} to {column.high:,.15g}"
    _refuse(path, cells, outside, span)
    return values


def _words(
    path: Path,
    cells: pd.Series,
    column: Category,
    unseen: dict[str, list[str]] | None,
) -> pd.Series:
    unknown = cells.isin(UNKNOWN)
    strange = ~unknown & ~cells.isin(column.values)
    if unseen is None:
        _refuse(path, cells, strange, "is not a category of the data description")
    elif strange.any():
        no_word = strange & ~cells.where(strange, "").map(_is_word)
        _refuse(path, cells, no_word, "is no word that a category could be")
        met = unseen.setdefault(column.name, [])
        met += [word for word in cells[strange].unique() if word not in met]
    words = cells.mask(unknown, ABSENT if column.absent else None).mask(strange, None)
    return words.astype("category").cat.set_categories(list(column.vocabulary))


def _is_word(cell: str) -> bool:
    return len(cell) <= _LONGEST_WORD and cell.isprintable()


def _prices(path: Path, cells: pd.Series) -> pd.Series:
    _refuse(path, cells, cells.isin(UNKNOWN), "is missing; every training row needs it")
    return _numbers(path, cells, _PRICE)


def _ids(path: Path, cells: pd.Series) -> pd.Series:
    good = cells.str.fullmatch(r"[0-9]{1,15}") & ~cells.str.fullmatch("0+")
    _refuse(path, cells, ~good, "is not a whole number above 0, as an Id is")
    return cells.astype(np.int64)


def _check_ids(path: Path, ids: pd.Series) -> None:
    doubled = ids.duplicated()
    if doubled.any():
        line = ids.index[doubled][0]
        raise UserError(
            f"{path}: column {ID}, line {line}: Id {ids[line]} stands twice; "
            "remove one of the rows"
        )


def _refuse(path: Path, cells: pd.Series, wrong: pd.Series, why: str) -> None:
    """Raise for the first wrong cell, if there is one."""
    if wrong.any():
        line = cells.index[wrong][0]
        raise UserError(
            f"{path}: column {cells.name}, line {line}: {short(cells[line])} {why}; "
            "mend the cell or remove the row"
        )
