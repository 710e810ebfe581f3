"""A column of a file as text, each distinct text of which is checked only once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short


@dataclass(frozen=True)
class Cells:
    """The cells of a column.

    Attributes:
        path: the file.
        name: of the column.
        lines: the line number of each cell.
        text: the distinct texts, in the order of their first cells.
        code: the place of each cell's text in `text`.
        missing: whether each text is that of a blank cell.
    """

    path: Path
    name: str
    lines: pd.Index
    text: pd.Series
    code: np.ndarray
    missing: pd.Series

    @classmethod
    def of(cls, path: Path, column: pd.Series, blanks: Sequence[str]) -> Self:
        """Return the cells of a column of text, indexed by line number.

        Args:
            path: the file.
            column: the texts.
            blanks: the texts of a blank cell.
        """
        code, text = pd.factorize(column)
        name, distinct = str(column.name), pd.Series(text, dtype=object)
        missing = distinct.isin(blanks)
        return cls(path, name, column.index, distinct, code, missing)

    def each(self, values: pd.Series) -> pd.Series:
        """Return a value for each cell, given one for each distinct text."""
        return values.take(self.code).set_axis(self.lines)

    def first(self, marked: pd.Series) -> tuple[int, str]:
        """Return the line and the text of the first cell whose text is marked."""
        place = int(marked.to_numpy().argmax())
        return int(self.lines[(self.code == place).argmax()]), str(self.text[place])

    def refuse(self, wrong: pd.Series, why: str) -> None:
        """Raise for the first cell whose text is wrong, if there is one.

        Raises:
            UserError: a text is wrong.
        """
        if wrong.any():
            line, text = self.first(wrong)
            raise UserError(
                f"{self.path}: column {self.name}, line {line}: {short(text)} {why}; "
                "fix the cell or remove the row"
            )
