"""Read a CSV file and check every cell against the schema.

A valid file becomes a frame: numbers are float64 (missing is NaN), words are
categorical strings (missing is NaN; "there is none" is the string `None`), dates are
datetime64, ids are int64 or text. The error about an invalid file names the file, the
column and the first wrong line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.data.cells import Cells
from pipeline.data.csv_blocks import read_blocks
from pipeline.data.header import check_header
from pipeline.data.schema import ABSENT, OTHER, Category, Date, Number, Schema
from pipeline.data.table import Table
from pipeline.data.texts import texts_of

_LONGEST_WORD = 40  # characters
_MOST_UNLISTED = 0.5  # share of a column's cells that may be new categories
_FEW = 10  # rows, of which all may have new categories


class RawRows(NamedTuple):
    """The rows of one file, and its categories that the schema does not list."""

    frame: pd.DataFrame
    unseen: dict[str, list[str]]


def read_train(path: Path, table: Table) -> pd.DataFrame:
    """Read training rows: all columns, a target in each, listed categories only.

    Raises:
        UserError: The file is invalid.
    """
    reader = _Reader(path, table, with_target=True)
    return _checked_train(path, reader.read().frame, table)


def train_of_frame(frame: pd.DataFrame, name: str, table: Table) -> pd.DataFrame:
    """Check the training rows of a frame, as `read_train` does those of a file.

    Args:
        frame: The rows, with any types.
        name: What errors call the frame.
        table: What is known of the rows.

    Raises:
        UserError: A column or a cell is invalid.
    """
    reader = _Reader(Path(name), table, with_target=True)
    return _checked_train(Path(name), reader.check(_blocks(frame)).frame, table)


def test_of_frame(frame: pd.DataFrame, name: str, table: Table) -> RawRows:
    """Check the test rows of a frame; see `train_of_frame`."""
    return _Reader(Path(name), table, with_target=False).check(_blocks(frame))


def new_of_frame(frame: pd.DataFrame, name: str, table: Table) -> RawRows:
    """Check any rows as test rows; a column of targets is ignored."""
    return test_of_frame(
        frame.drop(columns=table.schema.target, errors="ignore"), name, table
    )


def _blocks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows of a frame as those of a file, the header line first."""
    texts = texts_of(frame)
    yield texts.head(0)
    if len(texts):
        yield texts.set_axis(pd.RangeIndex(2, len(texts) + 2))


def _checked_train(path: Path, frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    if len(frame) < 2:
        raise UserError(f"{path}: only one row; training needs at least two")
    _check_targets(path, frame[table.schema.target], table.schema)
    return frame


def _check_targets(path: Path, targets: pd.Series, schema: Schema) -> None:
    """Refuse targets that are all equal, or in another unit."""
    where = f"{path}: column {schema.target}"
    if (targets == targets[0]).all():
        raise UserError(
            f"{where}, line 2: all values are {targets[0]:,.6g}; "
            "there is nothing to learn; restore the real ones"
        )
    low, high = schema.target_median
    if not low <= targets.median() <= high:
        raise UserError(
            f"{where}: half of the values are below {targets.median():,.6g} (the first "
            f"is {targets[0]:.6g}), and their median must be {low:,.15g} to "
            f"{high:,.15g}; if they are in another unit, such as logarithms or "
            "thousands, restore the unit"
        )


def read_test(path: Path, table: Table) -> RawRows:
    """Read test rows: all columns but the target; unseen categories are allowed.

    A category that the schema does not list is missing in the frame, for the caller to
    report. It must be printable and of at most 40 characters.

    Raises:
        UserError: The file is invalid.
    """
    return _Reader(path, table, with_target=False).read()


def read_new(path: Path, table: Table) -> RawRows:
    """Read any file of rows as test rows; a column of targets is ignored.

    Raises:
        UserError: The file is invalid.
    """
    remedy = "give a file with the columns of test.csv"
    reader = _Reader(path, table, with_target=False, remedy=remedy)
    return reader.read(ignored=(table.schema.target,))


class _Reader:
    """Reads one file by the schema of a table."""

    def __init__(
        self, path: Path, table: Table, *, with_target: bool, remedy: str | None = None
    ) -> None:
        self._path, self._table, self._schema = path, table, table.schema
        self._with_target, self._remedy = with_target, remedy or table.remedy
        self._unseen: dict[str, list[str]] = {}

    def read(self, *, ignored: tuple[str, ...] = ()) -> RawRows:
        """Return all rows of the file.

        Raises:
            UserError: The file is invalid.
        """
        return self.check(read_blocks(self._path, self._remedy), ignored=ignored)

    def check(
        self, texts: Iterator[pd.DataFrame], *, ignored: tuple[str, ...] = ()
    ) -> RawRows:
        """Return rows that are given as blocks of text, first one without rows.

        Raises:
            UserError: A column or a cell is invalid.
        """
        header = next(texts).columns
        named = [name for name in header if name not in ignored]
        check_header(self._path, named, self._table, with_target=self._with_target)
        blocks = [self._typed(text) for text in texts]
        if not blocks:
            raise UserError(f"{self._path}: a header but no rows; {self._remedy}")
        frame = pd.concat(blocks)
        _check_ids(self._path, frame[self._schema.id_name])
        return RawRows(frame.reset_index(drop=True), self._unseen)

    def _typed(self, text: pd.DataFrame) -> pd.DataFrame:
        """Convert a block of text, in the order of the schema."""
        schema = self._schema

        def cells(name: str) -> Cells:
            return Cells.of(self._path, text[name], schema.missing)

        columns = {schema.id_name: self._ids(text)}
        for column in schema.columns:
            columns[column.name] = self._column(cells(column.name), column)
        if schema.carried_group and self._with_target:
            columns[schema.carried_group] = _groups(cells(schema.carried_group))
        if self._with_target:
            columns[schema.target] = _targets(cells(schema.target), schema)
        return pd.DataFrame(columns)

    def _column(self, cells: Cells, column: Category | Number | Date) -> pd.Series:
        if isinstance(column, Number):
            return _numbers(cells, column)
        if isinstance(column, Date):
            return _dates(cells, column)
        return self._categories(cells, column)

    def _categories(self, cells: Cells, column: Category) -> pd.Series:
        text, missing = cells.text, cells.missing
        unlisted = ~missing & ~text.isin(column.values)
        known = text.mask(missing, ABSENT if column.absent else None)
        if column.others:
            known = known.mask(unlisted, OTHER)
        else:
            self._check_unlisted(cells, unlisted, column)
            known = known.mask(unlisted, None)
        return cells.each(known.astype(pd.CategoricalDtype(list(column.vocabulary))))

    def _check_unlisted(
        self, cells: Cells, unlisted: pd.Series, column: Category
    ) -> None:
        """Refuse unlisted words in training rows; keep those of other rows."""
        source, unseen = self._schema.source, cells.text[unlisted]
        _refuse_misspelt(cells, unseen, column)
        if self._with_target:
            cells.refuse(unlisted, f"is not a category of {source}")
        elif unlisted.any():
            _refuse_most(cells, unlisted, source)
            invalid = unlisted & ~cells.text.map(_is_valid_word)
            cells.refuse(invalid, "is not a valid category name")
            seen = self._unseen.setdefault(column.name, [])
            seen += [name for name in unseen if name not in seen]

    def _ids(self, text: pd.DataFrame) -> pd.Series:
        """Return the ids of a block; rows without ids are numbered from 1."""
        if self._schema.id is None:
            return pd.Series(text.index - 1, index=text.index)
        ids = text[self._schema.id].astype(object)
        if self._schema.integer_ids:
            good = ids.str.fullmatch(r"[0-9]{1,15}") & ~ids.str.fullmatch("0+")
            self._refuse_id(ids, good, "is not a positive integer, as an Id must be")
            return ids.astype(np.int64)
        good = ids.map(_is_valid_word) & ~ids.isin(self._schema.missing)
        self._refuse_id(ids, good, "is not an id: a text of 1 to 40 characters")
        return ids

    def _refuse_id(self, ids: pd.Series, good: pd.Series, why: str) -> None:
        if not good.all():
            line = int(str(good.idxmin()))
            raise UserError(
                f"{self._path}: column {self._schema.id}, line {line}: "
                f"{short(ids[line])} {why}; fix the cell or remove the row"
            )


def _numbers(cells: Cells, column: Number) -> pd.Series:
    values = _floats(cells)
    outside = ~cells.missing & ~values.between(column.low, column.high)
    cells.refuse(outside, f"is outside {column.low:,.15g} to {column.high:,.15g}")
    cells.refuse(values.abs() == np.inf, "is not finite")
    if column.blank is not None:
        values = values.mask(cells.missing, column.blank)
    return cells.each(values)


def _floats(cells: Cells) -> pd.Series:
    known = ~cells.missing
    values = pd.to_numeric(cells.text.where(known, None), errors="coerce").astype(float)
    cells.refuse(known & values.isna(), "is not a number (missing values are NA)")
    return values


def _targets(cells: Cells, schema: Schema) -> pd.Series:
    cells.refuse(cells.missing, "is missing; every training row needs a target")
    return _numbers(cells, Number(schema.target, schema.target_low, schema.target_high))


def _dates(cells: Cells, column: Date) -> pd.Series:
    known = cells.text.where(~cells.missing, None)
    dates = pd.to_datetime(known, format=column.format, errors="coerce")
    wrong = ~cells.missing & dates.isna()
    cells.refuse(wrong, f"is not a date of the format {column.format}")
    return cells.each(dates.astype("datetime64[s]"))


def _groups(cells: Cells) -> pd.Series:
    cells.refuse(cells.missing, "is missing; every training row needs a group")
    return cells.each(cells.text)


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


def _refuse_most(cells: Cells, unlisted: pd.Series, source: str) -> None:
    """Refuse a column of which most cells are in no training row: no such column."""
    most = _MOST_UNLISTED * cells.each(~cells.missing).sum()
    if cells.each(unlisted).sum() > max(_FEW, most):
        line, text = cells.first(unlisted)
        raise UserError(
            f"{cells.path}: column {cells.name}, line {line}: {short(text)}, as most "
            "cells of this column, is in no training row; restore the column, with the "
            f"categories of {source}"
        )


def _plain(cell: str) -> str:
    return cell.strip().casefold()


def _is_valid_word(cell: str) -> bool:
    return len(cell) <= _LONGEST_WORD and cell.isprintable()


def _check_ids(path: Path, ids: pd.Series) -> None:
    duplicated = ids.duplicated()
    if duplicated.any():
        line = ids.index[duplicated][0]
        raise UserError(
            f"{path}: column {ids.name}, line {line}: duplicate Id {ids[line]}; "
            "remove one of the rows"
        )
