"""The user's columns: a function `columns` in data/raw/columns.py.

The function takes a frame of cleaned rows and returns the frame with more columns. It
must compute each value from one row: `check_row_wise` runs it on other sets of rows and
compares. The file is run again for each, so that nothing is remembered. It is code of
the user's project, and only the one in data/raw is run. No code is saved in a run
folder.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, error_in
from pipeline.core.numbers import LARGEST

_FUNCTION = "columns"
_MOST_SINGLE = 0.5  # share of the rows whose word no other row has
_FEW = 100  # rows that may all have other words
_COPIES = 300  # of one row, to check that other rows do not count
_MOST_COPIED = 40  # rows

# The words of each column that is added, or None for a column of numbers.
OwnWords = dict[str, list[str] | None]


@dataclass(frozen=True)
class OwnColumns:
    """The function of a columns.py.

    Attributes:
        path: the file.
        function: its function.
        reload: returns the function of the file, which is run again; None if there is
            no file, in a notebook.
    """

    path: Path
    function: Callable[[pd.DataFrame], Any]
    reload: Callable[[], Callable[[pd.DataFrame], Any]] | None = None

    def build(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that the function adds, numbers or words, for some rows.

        Raises:
            UserError: The function fails, changes the given columns, or does not
                return columns of numbers or words.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
                result = self.function(rows.reset_index(drop=True))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever the user's code raises
            raise UserError(f"{error_in(self.path, error)}; fix the file") from None
        if not isinstance(result, pd.DataFrame):
            self._refuse(f"returns {type(result).__name__}; return the frame of rows")
        if not result.index.equals(pd.RangeIndex(len(rows))):
            self._refuse(
                "returns other rows than it is given; keep all, in their order"
            )
        result = result.set_axis(rows.index)
        added = [name for name in result if name not in rows]
        for name in rows:
            if name not in result or not _is_same(result[name], rows[name]):
                self._refuse(
                    f"changes or drops the column {name}; add a column of another name"
                )
        if not added:
            self._refuse("adds no column; add one, or remove the file")
        return pd.DataFrame({name: self._checked(result, name) for name in added})

    def _checked(self, result: pd.DataFrame, name: object) -> pd.Series:
        """Return a column as floats or as texts."""
        if not isinstance(name, str) or not name.strip():
            self._refuse(f"adds a column named {name!r}; give it a text as its name")
        column = result[name]
        if not isinstance(column, pd.Series):
            self._refuse(f"adds the column {name} twice; give them different names")
        if pd.api.types.is_complex_dtype(column):
            self._refuse(f"column {name}: complex numbers; take .real or abs()")
        if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
            numbers = column.astype(float)
            large = numbers.abs() > LARGEST
            if large.any():
                found = numbers[large].iloc[0]
                kind = "infinite" if np.isinf(found) else f"beyond {LARGEST:.1e}"
                self._refuse(
                    f"column {name}: {kind} in {_first(large)}; leave it missing (NaN) "
                    "or divide by something that is never near 0"
                )
            return numbers
        if pd.api.types.is_datetime64_any_dtype(column):
            self._refuse(f"column {name}: dates; make numbers of them, like .dt.year")
        texts = column.astype(object).where(column.notna() & (column != ""), None)
        wrong = pd.Series([not isinstance(text, str | None) for text in texts])
        if wrong.any():
            kind = type(texts.iloc[int(wrong.argmax())]).__name__
            self._refuse(f"column {name}: has a {kind}; numbers or texts are needed")
        return texts

    def check_row_wise(self, rows: pd.DataFrame, built: pd.DataFrame) -> None:
        """Check that each value is computed from its row alone.

        Otherwise values of validation rows would leak into training.

        Args:
            rows: The frame that the function was given.
            built: The columns that `build` returned for it.

        Raises:
            UserError: A value depends on other rows.
        """
        order = np.random.default_rng(0).permutation(len(rows))
        third = len(rows) // 3
        for part in (order[:third], order[third:], order[: min(10, third)]):
            self._fresh()._check_part(rows, built, part)
        fresh = self._fresh()
        for row in _telling_rows(rows):
            fresh._check_part(rows, built, np.repeat(row, min(len(rows), _COPIES)))

    def _fresh(self) -> "OwnColumns":
        """Return the function as it is before its first call."""
        return self if self.reload is None else replace(self, function=self.reload())

    def _check_part(
        self, rows: pd.DataFrame, built: pd.DataFrame, part: np.ndarray
    ) -> None:
        """Check that some rows alone get the values that they get among all.

        Raises:
            UserError: A value or a column is another one.
        """
        if not len(part):
            return
        again, expected = self.build(rows.iloc[part]), built.iloc[part]
        if list(again) != list(expected):
            self._refuse("adds other columns for other rows; add always the same")
        for name in expected:
            differs = ~_same(again[name], expected[name])
            if differs.any():
                self._refuse(
                    f"column {name}: {_first(differs)} gets another value when "
                    "other rows are there; compute each value from its row alone"
                )

    def words(self, built: pd.DataFrame) -> OwnWords:
        """Return the words of each column in the training rows; None for numbers.

        Raises:
            UserError: Most words of a column are in one row only.
        """
        found: OwnWords = {}
        for name, column in built.items():
            words = None
            if column.dtype == object:
                counts = column.value_counts()
                words = sorted(counts.index)
                single = int((counts == 1).sum())
                if single > max(_FEW, _MOST_SINGLE * len(column)):
                    self._refuse(
                        f"column {name}: {single:,} words in one row only; put the "
                        "rare ones together"
                    )
            found[str(name)] = words
        return found

    def _refuse(self, what: str) -> NoReturn:
        raise UserError(f"{self.path}: {_FUNCTION} {what}")


def load(path: Path) -> OwnColumns | None:
    """Return the function of a columns.py, or None if there is no such file.

    Raises:
        UserError: The file cannot be run, or has no such function.
    """
    if not path.exists():
        return None
    return OwnColumns(path, _function(path), partial(_function, path))


def _function(path: Path) -> Callable[[pd.DataFrame], Any]:
    """Run a columns.py, and return its function.

    Raises:
        UserError: The file cannot be run, or has no such function.
    """
    names: dict[str, Any] = {"__name__": "columns", "__file__": str(path)}
    if not path.is_file():  # reading a pipe could block forever
        raise UserError(f"{path}: not a file; move it away")
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), names)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also of reading and compiling it
        raise UserError(f"{error_in(path, error)}; fix the file") from None
    function: Callable[[pd.DataFrame], Any] | None = names.get(_FUNCTION)
    if not callable(function):
        raise UserError(
            f"{path}: no function {_FUNCTION}; write `def {_FUNCTION}(rows):`, which "
            "returns the frame with more columns"
        )
    return function


def _telling_rows(rows: pd.DataFrame) -> Iterator[int]:
    """Yield rows that reveal a minimum, a mode or another statistic of any column.

    Among copies of a row, it is the cell of that row. Each column needs a row with the
    minimum, one with another cell, and so on.
    """
    tells = np.column_stack([mark for name in rows for mark in _marks(rows[name])])
    for _ in range(_MOST_COPIED):
        row = int(tells.sum(axis=1).argmax())
        if not tells[row].any():
            return
        yield row
        tells = tells[:, ~tells[row]]


def _marks(column: pd.Series) -> Iterator[np.ndarray]:
    """Yield which cells of a column are its minimum, others, its mode, and so on."""
    yield column.isna().to_numpy()
    ends = [*column.mode().head(1)]
    if pd.api.types.is_numeric_dtype(column):
        ends += [column.min(), column.max()]
    for end in ends:
        yield (column == end).to_numpy()
        yield (column.notna() & (column != end)).to_numpy()


def _same(first: pd.Series, second: pd.Series) -> pd.Series:
    """Return for each row whether the values are equal or both missing."""
    if pd.api.types.is_numeric_dtype(first) and pd.api.types.is_numeric_dtype(second):
        near = np.isclose(
            first.to_numpy(float), second.to_numpy(float), rtol=1e-9, equal_nan=True
        )
        return pd.Series(near, index=first.index)
    return (first == second) | (first.isna() & second.isna())


def _is_same(first: pd.Series | pd.DataFrame, second: pd.Series) -> bool:
    """Return whether all values are equal; `equals` is fast, if the types are equal."""
    if not isinstance(first, pd.Series):  # two columns of one name
        return False
    return first.equals(second) or bool(_same(first, second).all())


def _first(marked: pd.Series) -> str:
    """Return the number of the first marked row, for a message."""
    return f"row {marked.index[int(np.asarray(marked).argmax())] + 1}"
