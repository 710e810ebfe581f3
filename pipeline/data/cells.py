"""A column of a file: its cells as text, checked and converted.

Each distinct text is checked and converted once, which is fast on long files.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.core.numbers import LARGEST
from pipeline.data.dates import parse_dates
from pipeline.data.marks import marks_of, unusual_character, without_marks
from pipeline.data.schema import ABSENT, OTHER, Category, Date, Number

_LONGEST_WORD = 1000  # characters
_MOST_UNLISTED = 0.5  # share of a column's cells that may be new categories
FEW = 10  # rows, of which all may have new categories


@dataclass(frozen=True)
class Cells:
    """The cells of a column.

    Attributes:
        path: the file.
        name: of the column.
        lines: the line number of each cell.
        text: the distinct texts, in the order of their first cells, shape (texts,).
        code: the position of each cell's text in `text`, shape (cells,).
        missing: whether each text is that of a blank cell, shape (texts,).
    """

    path: Path
    name: str
    lines: pd.Index
    text: np.ndarray
    code: np.ndarray
    missing: np.ndarray

    @classmethod
    def of(cls, path: Path, column: pd.Series, blanks: Sequence[str]) -> Self:
        """Return the cells of a column of text, indexed by line number.

        Args:
            path: the file.
            column: the texts.
            blanks: the texts of a blank cell.
        """
        code, text = pd.factorize(column)
        distinct = np.asarray(text, dtype=object)
        missing = _among(distinct, blanks)
        return cls(path, str(column.name), column.index, distinct, code, missing)

    def by_line(self, values: np.ndarray | pd.Categorical) -> pd.Series:
        """Return the value of each cell, given that of each distinct text."""
        return pd.Series(values[self.code], index=self.lines)

    def unlisted(self, column: Category) -> np.ndarray:
        """Return whether each text is a word that the vocabulary does not list."""
        listed = _among(self.text, column.values)
        return np.asarray(~self.missing & ~listed)

    def refuse(
        self, wrong: np.ndarray, why: str, fix: str = "fix the cell or remove the row"
    ) -> None:
        """Raise for the first cell whose text is wrong, if there is one.

        Raises:
            UserError: A text is wrong.
        """
        if wrong.any():
            line, text = self._first(wrong)
            raise UserError(
                f"{self.path}: column {self.name}, line {line}: {short(text)} {why}; "
                f"{fix}"
            )

    def refuse_missing(self, what: str) -> None:
        """Raise for the first blank cell of a column that needs a value in each row.

        Raises:
            UserError: A cell is blank.
        """
        self.refuse(self.missing, f"is missing; every training row needs a {what}")

    def refuse_misspelt(self, column: Category) -> None:
        """Refuse the first unlisted word that is a category in another spelling.

        Raises:
            UserError: There is such a word.
        """
        unlisted = self.text[self.unlisted(column)]
        for text, name in respelt(unlisted, [*column.vocabulary, "NA"]).items():
            line, _ = self._first(_among(self.text, [text]))
            raise UserError(
                f"{self.path}: column {self.name}, line {line}: {short(text)} "
                f"differs from the category {name} in blanks, case or accents; restore "
                f"{name} in all rows"
            )

    def refuse_mostly(self, unlisted: np.ndarray, source: str) -> None:
        """Refuse a column if most of its cells are in no training row.

        It is then another column under this name.

        Raises:
            UserError: Most cells are unlisted words.
        """
        most = _MOST_UNLISTED * self.by_line(~self.missing).sum()
        if self.by_line(unlisted).sum() > max(FEW, most):
            line, text = self._first(unlisted)
            raise UserError(
                f"{self.path}: column {self.name}, line {line}: {short(text)}, as most "
                "cells of this column, is in no training row; restore the column, with "
                f"the categories of {source}"
            )

    def _first(self, marked: np.ndarray) -> tuple[int, str]:
        """Return the line and the text of the first cell whose text is marked."""
        code = int(marked.argmax())
        return int(self.lines[(self.code == code).argmax()]), str(self.text[code])


def numbers(cells: Cells, column: Number) -> pd.Series:
    """Return the cells as floats; a missing one is NaN, or the column's `blank`."""
    present, what = ~cells.missing, "a number"
    texts = _present(cells)
    if column.form is not None and (marks := marks_of(column.form)):
        plain = [None if text is None else without_marks(text, marks) for text in texts]
        texts, what = np.array(plain, dtype=object), f"a number like {column.form}"
    values = np.asarray(pd.to_numeric(texts, errors="coerce"), dtype=float)
    wrong = present & np.isnan(values)
    if wrong.any() and (unusual := unusual_character(cells.text[wrong][0])):
        fix = "replace or remove it in all rows"
        cells.refuse(wrong, f"is not a number, as it has {unusual}", fix)
    cells.refuse(wrong, f"is not {what} (missing values are NA)")
    low, high = column.range
    outside = present & ((values < low) | (values > high))
    cells.refuse(outside, f"is outside {low:,.15g} to {high:,.15g}")
    cells.refuse(np.isinf(values), "is not finite")
    beyond = np.abs(values) > LARGEST
    cells.refuse(beyond, f"is beyond {LARGEST:.1e}, the largest number")
    if column.blank != "missing":
        values[cells.missing] = column.blank
    return cells.by_line(values)


def _present(cells: Cells) -> np.ndarray:
    """Return the texts, with None for those of blank cells."""
    texts = cells.text.copy()
    texts[cells.missing] = None
    return texts


def dates(cells: Cells, column: Date) -> pd.Series:
    """Return the cells as dates; a missing one is NaT."""
    texts: pd.Series = pd.Series(_present(cells), dtype="object")
    values = parse_dates(texts, column.format).to_numpy()
    wrong = ~cells.missing & np.isnat(values)
    cells.refuse(wrong, f"is not a date of the format {column.format}")
    return cells.by_line(values)


def categories(cells: Cells, column: Category) -> pd.Series:
    """Return the cells as categories.

    A word that the vocabulary does not list is `OTHER` if the column allows others;
    if not, it is missing.
    """
    words = cells.text.copy()
    words[cells.unlisted(column)] = OTHER if column.others else None
    words[cells.missing] = ABSENT if column.absent else None
    return cells.by_line(pd.Categorical(words, list(column.vocabulary)))


def is_valid_word(text: str) -> bool:
    """Return whether a text may be an id or a category: printable, not too long."""
    return len(text) <= _LONGEST_WORD and text.isprintable()


def respelt(words: Iterable[str], listed: Iterable[str]) -> dict[str, str]:
    """Return the words that are listed in another spelling, each with that spelling.

    Blanks and case do not count, nor whether é is one character or e and an accent.
    """
    names = {_plain(name): name for name in listed}
    return {word: names[_plain(word)] for word in words if _plain(word) in names}


def _among(texts: np.ndarray, listed: Iterable[str]) -> np.ndarray:
    found = {*listed}
    return np.array([text in found for text in texts], dtype=bool)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
