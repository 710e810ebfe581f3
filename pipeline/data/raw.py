"""Read a CSV file and check every cell against the schema.

A valid file becomes a frame: numbers are float64 (missing is NaN), words are
categorical strings (missing is NaN; "there is none" is the string `None`), dates are
datetime64, ids are int64 or text. The error about an invalid file names the file, the
column and the first wrong line.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.core.metrics import METRICS
from pipeline.data import cells, dates
from pipeline.data.cells import FEW, Cells, is_valid_word, respelt
from pipeline.data.csv_frames import read_blocks
from pipeline.data.header import check_header
from pipeline.data.schema import OTHER, Category, Column, Date, Number, Schema
from pipeline.data.table import Table

# Texts that pandas.read_csv reads as missing by default.
_PANDAS_BLANKS = frozenset(
    [
        *("#N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "None", "n/a", "null"),
        *("NaN", "nan", "-NaN", "-nan"),
    ]
)
_INTEGER_ID = re.compile(r"(?!0+$)[0-9]{1,15}")
_LEAST_RANGE = 1e-150  # of targets; squares of smaller numbers are 0


class Frame(NamedTuple):
    """Rows that are read from a frame of any types, in place of a file.

    Attributes:
        name: what errors call it.
        rows: the frame.
    """

    name: str
    rows: pd.DataFrame


class RawRows(NamedTuple):
    """The rows of one file, and its words that the schema does not list, by column.

    In the frame, those of a column with others are `OTHER`; of another, missing.
    """

    frame: pd.DataFrame
    unlisted: dict[str, list[str]]

    def unseen(self, column: Category, trained: Collection[str]) -> list[str]:
        """Return the words of a column that no training row has, to be reported.

        Words that are not listed are seen if training rows have others, unless they
        are listed in another spelling.

        Args:
            column: The column.
            trained: Its categories in the training rows.
        """
        unlisted = self.unlisted.get(column.name, [])
        present = {*self.frame[column.name].dropna()}.difference(trained)
        if column.others:
            present.discard(OTHER)
            if OTHER in trained:
                unlisted = [*respelt(unlisted, column.values)]
        return [*sorted(present), *unlisted]


def read_train(source: Path | Frame, table: Table) -> pd.DataFrame:
    """Read training rows: all columns, a target in each, listed categories only.

    Raises:
        UserError: The file is invalid.
    """
    reader = _Reader(source, table, with_target=True)
    frame = reader.read().frame
    if len(frame) < 2:
        raise UserError(
            f"{reader.path}: only one row; training needs at least two; add rows"
        )
    _check_targets(reader.path, frame[table.schema.target], table.schema)
    return frame


def read_test(source: Path | Frame, table: Table) -> RawRows:
    """Read test rows: all columns but the target; unseen categories are allowed.

    A category that the schema does not list is missing in the frame, for the caller to
    report. It must be printable and of at most 1,000 characters.

    Raises:
        UserError: The file is invalid.
    """
    return _Reader(source, table).read()


def read_new(source: Path | Frame, table: Table) -> RawRows:
    """Read any rows as test rows; a column of targets is ignored.

    Raises:
        UserError: The file is invalid.
    """
    remedy = "give a file with the columns of test.csv"
    reader = _Reader(source, replace(table, remedy=remedy))
    return reader.read(ignored=table.schema.target)


def no_rows(table: Table) -> pd.DataFrame:
    """Return a frame without rows, but with the types of checked rows."""
    names = [table.schema.id_name, *table.schema.names]
    return _Reader(Path(), table).typed(pd.DataFrame(columns=names, dtype=object))


def unseen_words(
    train: pd.DataFrame, test: RawRows, schema: Schema
) -> dict[str, list[str]]:
    """Return the words of test rows that no training row has, by column."""
    unseen = {
        name: test.unseen(column, {*train[name].dropna()})
        for name, column in schema.categories.items()
    }
    return {name: words for name, words in unseen.items() if words}


def lost_words(source: Frame, schema: Schema) -> list[str]:
    """Return for each column of a frame which of its words pandas may have lost.

    By default it reads some words, such as None, as missing. Where a schema lists such
    a word, they are another category than a blank.
    """
    found = []
    for column in schema.categories.values():
        cells = source.rows.get(column.name)
        if not isinstance(cells, pd.Series) or not (missing := cells.isna()).any():
            continue
        found += [
            f"{source.name}: column {column.name}: {int(missing.sum()):,} cells are "
            f"missing and none is {word}, which pandas reads as missing by default; "
            "read the file with keep_default_na=False"
            for word in sorted(_PANDAS_BLANKS.intersection(column.values))
            if not (cells == word).any()
        ]
    return found


def with_index(rows: pd.DataFrame, schema: Schema | None = None) -> pd.DataFrame:
    """Return a frame with the levels of its index as columns.

    Args:
        rows: The frame.
        schema: Levels with other names than those of its columns are ignored. Without
            one, only levels without a name are.
    """
    known = set(rows.index.names)
    if schema:
        known = {schema.id, schema.target, schema.group}
        known = {*known, *schema.names, *schema.left_out}
    names = [n for n in rows.index.names if n is not None and n not in rows]
    levels = [name for name in names if name in known]
    return rows.reset_index(level=levels) if levels else rows


def texts_of(frame: pd.DataFrame, schema: Schema | None = None) -> pd.DataFrame:
    """Return the texts that a CSV file of a frame would have, indexed by line number.

    A missing value is empty.

    A column of whole numbers is written without decimal points: pandas reads codes and
    counts as floats where some are missing.

    Args:
        frame: The frame.
        schema: It has the format of dates. Without one, they are written like
            2010-11-28, or like 2010-11-28T13:30:00 if some are not at midnight.
    """
    columns = schema.columns if schema else ()
    formats = {c.name: c.format for c in columns if isinstance(c, Date)}
    names = [str(name) for name in frame]
    # By position: two columns may have one name, which a later check refuses.
    texts = {
        i: _column_texts(frame.iloc[:, i], formats.get(name))
        for i, name in enumerate(names)
    }
    lines = pd.RangeIndex(2, len(frame) + 2)
    written = pd.DataFrame(texts, index=range(len(frame)), dtype=object)
    return written.set_axis(names, axis=1).set_axis(lines)


def _column_texts(column: pd.Series, form: str | None) -> pd.Series:
    known = column[column.notna()]
    if pd.api.types.is_datetime64_any_dtype(column):
        written = dates.date_texts(known, form)
    elif pd.api.types.is_float_dtype(column) and (known == known.round()).all():
        written = known.map("{:.0f}".format)
    elif pd.api.types.is_float_dtype(column):
        written = known.astype(float).map(repr)
    else:
        written = known.astype(str)
    texts = pd.Series("", index=range(len(column)), dtype=object)
    texts[column.notna().to_numpy()] = written.to_numpy(dtype=object)
    return texts


def _blocks(source: Frame, schema: Schema) -> Iterator[pd.DataFrame]:
    """Yield the rows of a frame as those of a file, the header line first.

    Raises:
        UserError: Ids are floats and may have lost digits.
    """
    rows = with_index(source.rows, schema)
    texts = texts_of(rows, schema)
    yield texts.head(0)
    ids = rows.get(schema.id, pd.Series(dtype=object))
    if pd.api.types.is_float_dtype(ids) and (ids.abs() >= 2**53).any():
        raise UserError(
            f"{source.name}: column {schema.id}: ids above 2^53 are not exact as "
            "floats; read them as texts, like dtype=str"
        )
    if len(texts):
        yield texts


def _check_targets(path: Path, targets: pd.Series, schema: Schema) -> None:
    """Refuse targets that are all equal, nearly so, or in another unit."""
    where = f"{path}: column {schema.target}"
    if (targets == targets[0]).all():
        raise UserError(
            f"{where}: all values are {targets[0]:,.6g}; "
            "there is nothing to learn; restore the real ones"
        )
    if np.ptp(METRICS[schema.metric].transform(targets.to_numpy())) < _LEAST_RANGE:
        raise UserError(
            f"{where}: the values differ by less than {_LEAST_RANGE:g}, and squares of "
            "errors would be 0; give them in a larger unit"
        )
    low, high = schema.target_median
    if not low <= targets.median() <= high:
        raise UserError(
            f"{where}: half of the values are below {targets.median():,.6g} (the first "
            f"is {targets[0]:.6g}), and their median must be {low:,.15g} to "
            f"{high:,.15g}; if they are in another unit, such as logarithms or "
            "thousands, restore the unit"
        )


class _Reader:
    """Reads one file by the schema of a table."""

    def __init__(
        self, source: Path | Frame, table: Table, *, with_target: bool = False
    ) -> None:
        self._table, self._schema = table, table.schema
        self._with_target = with_target
        if isinstance(source, Path):
            self.path, self._blocks = source, read_blocks(source, table.remedy)
        else:
            self.path, self._blocks = Path(source.name), _blocks(source, table.schema)
        self._unlisted: dict[str, dict[str, None]] = {}  # a dict keeps their order
        self._rows = 0  # that were read

    def read(self, *, ignored: str | None = None) -> RawRows:
        """Return all rows of the file.

        Raises:
            UserError: A column or a cell is invalid.
        """
        header = [name for name in next(self._blocks).columns if name != ignored]
        check_header(self.path, header, self._table, with_target=self._with_target)
        typed = [self.typed(block) for block in self._blocks]
        if not typed:
            raise UserError(f"{self.path}: a header but no rows; add rows")
        frame = pd.concat(typed)
        for column in self._schema.categories.values():
            self._check_others(frame, column)
        ids = frame[self._schema.id_name]
        if (twice := ids.duplicated()).any():
            line = ids.index[twice][0]
            raise UserError(
                f"{self.path}: column {ids.name}, line {line}: duplicate Id "
                f"{ids[line]}; remove one of the rows"
            )
        unlisted = {name: list(words) for name, words in self._unlisted.items()}
        return RawRows(frame.reset_index(drop=True), unlisted)

    def typed(self, block: pd.DataFrame) -> pd.DataFrame:
        """Convert a block of text, in the order of the schema."""
        schema = self._schema

        def cells_of(name: str) -> Cells:
            return Cells.of(self.path, block[name], schema.missing)

        if schema.id is None or (self._with_target and not schema.id_in_train):
            numbers = range(self._rows + 1, self._rows + len(block) + 1)
            ids: pd.Series = pd.Series(numbers, index=block.index)
            ids = ids.astype(str) if schema.id and not schema.integer_ids else ids
        else:
            ids = self._ids(cells_of(schema.id))
        self._rows += len(block)
        columns = {schema.id_name: ids}
        for column in schema.columns:
            typed = self._column(cells_of(column.name), column)
            columns.setdefault(column.name, typed)  # an id that is a date stays a text
        if self._with_target:
            if group := schema.carried_group:
                groups = cells_of(group)
                groups.refuse_missing("group")
                columns[group] = groups.by_line(groups.text)
            targets = cells_of(schema.target)
            targets.refuse_missing("target")
            columns[schema.target] = cells.numbers(targets, schema.target_column)
        return pd.DataFrame(columns)

    def _column(self, texts: Cells, column: Column) -> pd.Series:
        if isinstance(column, Number):
            return cells.numbers(texts, column)
        if isinstance(column, Date):
            return cells.dates(texts, column)
        unlisted = texts.unlisted(column)
        if not column.others:
            self._refuse_unlisted(texts, column, unlisted)
        if unlisted.any():
            words = self._unlisted.setdefault(column.name, {})
            words.update(dict.fromkeys(texts.text[unlisted]))
        return cells.categories(texts, column)

    def _refuse_unlisted(
        self, texts: Cells, column: Category, unlisted: np.ndarray
    ) -> None:
        """Refuse unlisted words in training rows, and most of them in other rows."""
        texts.refuse_misspelt(column)
        if self._with_target:
            texts.refuse(unlisted, f"is not a category of {self._schema.source}")
        elif unlisted.any():
            texts.refuse_mostly(unlisted, self._schema.source)
            texts.refuse(unlisted & ~_are_valid(texts), "is not a valid category name")

    def _check_others(self, rows: pd.DataFrame, column: Category) -> None:
        """Refuse a column with others, none of whose cells is a listed word.

        Raises:
            UserError: There is no listed word and no blank in several rows.
        """
        found = rows[column.name]
        if not column.others or len(rows) <= FEW or not (found == OTHER).all():
            return
        words = list(self._unlisted[column.name])
        listed = respelt(words, column.values).get(words[0])
        why = (
            f"is {listed} in another spelling, and" if listed else "is not listed, and"
        )
        raise UserError(
            f"{self.path}: column {column.name}, line {rows.index[0]}: "
            f"{short(words[0])} {why} no cell is a word of {self._schema.source}; "
            "restore the words, or add the column to left_out"
        )

    def _ids(self, ids: Cells) -> pd.Series:
        if self._schema.integer_ids:
            good = [bool(_INTEGER_ID.fullmatch(text)) for text in ids.text]
            ids.refuse(
                ~np.array(good, dtype=bool),
                "is not a positive integer, as an Id must be",
            )
            return ids.by_line(ids.text).astype(np.int64)
        ids.refuse(
            ~_are_valid(ids) | ids.missing,
            "is not an id: a text of 1 to 1,000 characters",
        )
        return ids.by_line(ids.text)


def _are_valid(cells: Cells) -> np.ndarray:
    return np.array([is_valid_word(text) for text in cells.text], dtype=bool)
