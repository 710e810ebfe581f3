"""Read a file of houses and check every cell against the schema.

A file that passes comes back as a frame: numbers as float64 (unknown is NaN), words as
strings (unknown is missing, "has none" is `None` the word), Id as int64. A file that
does not is refused in one line that names the file, the column and the first row.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.errors import UserError
from pipeline.schema import ABSENT, COLUMNS, ID, TARGET, Category, Number

UNKNOWN = ("NA", "")
_BLOCK = 20_000  # rows held as text at a time, so that long files need little memory
_PRICE = Number(TARGET, 0, 1e9)  # dollars


class Table(NamedTuple):
    """The houses of one file and the words in it that the schema does not list."""

    frame: pd.DataFrame
    unlisted: dict[str, list[str]]


def read_train(path: Path) -> pd.DataFrame:
    """Read training rows: every column, a positive price, and listed words only.

    Raises:
        UserError: the file cannot be used as it is.
    """
    table = _read(path, with_price=True)
    if len(table.frame) < 2:
        raise UserError(f"{path}: only one row of houses; training needs at least two")
    return table.frame


def read_test(path: Path) -> Table:
    """Read test rows: every column but the price; unlisted words are let through.

    An unlisted word becomes unknown in the frame; the caller reports it.

    Raises:
        UserError: the file cannot be used as it is.
    """
    return _read(path, with_price=False)


def _read(path: Path, *, with_price: bool) -> Table:
    blocks: list[pd.DataFrame] = []
    unlisted: dict[str, list[str]] = {}
    for header, lines, rows in _blocks(path, with_price=with_price):
        text = pd.DataFrame(rows, columns=header, index=pd.Index(lines), dtype=object)
        blocks.append(_typed(path, text, unlisted, with_price=with_price))
    frame = pd.concat(blocks)
    _check_ids(path, frame[ID])
    return Table(frame.reset_index(drop=True), unlisted)


def _blocks(
    path: Path, *, with_price: bool
) -> Iterator[tuple[list[str], list[int], list[list[str]]]]:
    """Yield the header with the line numbers and cells of each block of rows."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if not header:
                raise UserError(f"{path}: the file is empty; put Kaggle's file there")
            _check_header(path, header, with_price=with_price)
            numbered = _numbered(path, reader, len(header))
            found = False
            while block := list(islice(numbered, _BLOCK)):
                found = True
                yield header, [line for line, _ in block], [row for _, row in block]
            if not found:
                raise UserError(
                    f"{path}: a header but no houses; is the file cut short?"
                )
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file; put Kaggle's there "
            "(in a clone, `git checkout data/raw` brings it back)"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: not UTF-8 text (byte {error.start}: {error.reason}); "
            "save it as UTF-8 or fetch Kaggle's file again"
        ) from None
    except csv.Error as error:
        raise UserError(
            f"{path}: line {reader.line_num}: not proper CSV ({error}); "
            "fetch Kaggle's file again"
        ) from None


def _numbered(
    path: Path, rows: Iterator[list[str]], width: int
) -> Iterator[tuple[int, list[str]]]:
    """Pair each row with its line in the file (the header is line 1)."""
    for line, row in enumerate(rows, start=2):
        if len(row) != width:
            raise UserError(
                f"{path}: line {line}: {len(row)} cells where the header has {width}; "
                "is the file cut short, or a comma too many?"
            )
        yield line, row


def _check_header(path: Path, header: list[str], *, with_price: bool) -> None:
    wanted = [ID, *(c.name for c in COLUMNS)] + [TARGET] * with_price
    if not with_price and TARGET in header:
        raise UserError(
            f"{path}: column {TARGET}: prices in the test file; "
            "are train.csv and test.csv swapped?"
        )
    if header[-1:] != [TARGET] and with_price and set(wanted[:-1]) == set(header):
        raise UserError(
            f"{path}: column {TARGET}: missing from the training file; "
            "are train.csv and test.csv swapped?"
        )
    for name in header:
        if header.count(name) > 1:
            raise UserError(f"{path}: column {name}: named twice; keep one of them")
    missing = [name for name in wanted if name not in header]
    extra = [name for name in header if name not in wanted]
    if missing:
        hint = f"; the unknown column {_short(extra[0])} may be it" if extra else ""
        raise UserError(f"{path}: column {missing[0]}: missing{hint}; put it back")
    if extra:
        raise UserError(f"{path}: column {_short(extra[0])}: unknown; remove it")


def _typed(
    path: Path,
    text: pd.DataFrame,
    unlisted: dict[str, list[str]],
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
                path, cells, column, None if with_price else unlisted
            )
    if with_price:
        columns[TARGET] = _prices(path, text[TARGET])
    return pd.DataFrame(columns)


def _numbers(path: Path, cells: pd.Series, column: Number) -> pd.Series:
    known = ~cells.isin(UNKNOWN)
    values = pd.to_numeric(cells.where(known, None), errors="coerce").astype(float)
    _refuse(path, cells, known & values.isna(), "is not a number")
    outside = known & ~values.between(column.low, column.high)
    span = f"is outside {column.low:,g} to {column.high:,g}"
    _refuse(path, cells, outside, span)
    return values


def _words(
    path: Path,
    cells: pd.Series,
    column: Category,
    unlisted: dict[str, list[str]] | None,
) -> pd.Series:
    unknown = cells.isin(UNKNOWN)
    strange = ~unknown & ~cells.isin(column.values)
    if unlisted is None:
        _refuse(path, cells, strange, "is not a category of the data description")
    elif strange.any():
        met = unlisted.setdefault(column.name, [])
        met += [word for word in cells[strange].unique() if word not in met]
    words = cells.mask(unknown, ABSENT if column.absent else None).mask(strange, None)
    return words.astype("category").cat.set_categories(list(column.vocabulary))


def _prices(path: Path, cells: pd.Series) -> pd.Series:
    _refuse(path, cells, cells.isin(UNKNOWN), "is missing; every training row needs it")
    prices = _numbers(path, cells, _PRICE)
    _refuse(path, cells, prices <= 0, "is not a positive price")
    return prices


def _ids(path: Path, cells: pd.Series) -> pd.Series:
    good = cells.str.fullmatch(r"[0-9]{1,15}") & ~cells.str.fullmatch("0+")
    _refuse(path, cells, ~good, "is not a positive whole number")
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
            f"{path}: column {cells.name}, line {line}: {_short(cells[line])} {why}; "
            "mend the cell or remove the row"
        )


def _short(text: str) -> str:
    """A cell as it can be shown on one line."""
    return repr(text if len(text) <= 40 else text[:37] + "…")
