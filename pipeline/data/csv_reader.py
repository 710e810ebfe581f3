"""Read a CSV file line by line, and report exactly where it is broken.

Cells do not contain newlines, so a row is one line. The error about an unclosed quote
therefore names the right line, and memory holds at most `LONGEST` characters.
Only the standard library is imported, so that commands start fast.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TextIO

from pipeline.core.errors import UserError

LONGEST = 2**16  # characters; the longest line of House Prices has 900
_KINDS = (  # first characters of other files; \udcff is a byte that is not UTF-8
    ("PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save it as CSV"),
    ("\x1f\udc8b", "a gzip archive; unpack it"),
    ("\udcff\udcfe", "UTF-16 text; save it as UTF-8"),
    ("\udcfe\udcff", "UTF-16 text; save it as UTF-8"),
    ("PAR1", "a Parquet file; save it as CSV"),
    ("\udcd0\udccf\x11\udce0", "an Excel workbook; save it as CSV"),
    ("version https://git-lfs", "a Git LFS pointer; run `git lfs pull`"),
    ("sep=", "a file with a first line for Excel; remove that line"),
    ("{", "JSON; save it as CSV"),
    ("<", "a web page or XML; log in to the site and download the file itself"),
)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_NO_TEXT = re.compile("[\0\udc80-\udcff]")
_WHOLE_CELLS = re.compile(r'(?:(?:"(?:[^"]|"")*"|[^",][^,]*)?,)*')


class _BrokenLineError(Exception):
    """A line is malformed; `column` is a slice of the header with the wrong column."""

    def __init__(self, why: str, cell: int | None = None) -> None:
        super().__init__(why)
        self.column = slice(0) if cell is None else slice(cell, cell + 1)


class Lines:
    """Splits the lines of a file into cells, the header first.

    Attributes:
        number: of the last line that was split; the header is line 1.
        header: the cells of the header.
    """

    def __init__(self, path: Path, remedy: str) -> None:
        self.path, self.remedy = path, remedy
        self.number, self.header = 0, list[str]()

    def split(self, text: TextIO) -> Iterator[list[str]]:
        """Yield the cells of each line of a text, the next part of the file.

        Raises:
            UserError: A line is malformed.
        """
        for line in iter(partial(text.readline, LONGEST), ""):
            yield self._split_next(line)

    def _split_next(self, line: str) -> list[str]:
        self.number += 1
        try:
            cells = _cells(line, self.header)
        except _BrokenLineError as broken:
            name = "".join(self.header[broken.column])
            where = f"column {name}, " if name else ""
            where = f"{self.path}: {where}line {self.number}"
            raise UserError(f"{where}: {broken}; {self.remedy}") from None
        self.header = self.header or cells
        return cells


def read_rows(path: Path, remedy: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line, first the header as line 1.

    Args:
        path: A UTF-8 file, with any line endings and with or without a byte order mark.
        remedy: What the user can do about a broken file, for the error message.

    Raises:
        UserError: The file does not exist, is not a CSV file, or a line is malformed.
    """
    lines = Lines(path, remedy)
    with open_text(path, remedy) as file:
        for cells in lines.split(file):
            yield lines.number, cells


@contextmanager
def open_text(path: Path, remedy: str) -> Iterator[TextIO]:
    """Open a file as text; a byte that is not UTF-8 becomes a surrogate.

    Raises:
        UserError: The file does not exist, is empty, or cannot be read.
    """
    if not path.is_file():  # opening a pipe could block forever
        raise UserError(f"{path}: {_not_a_file(path)}; {remedy}")
    try:
        with path.open(
            encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as file:
            yield file
            if not file.tell():
                raise UserError(f"{path}: the file is empty; {remedy}")
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path}: cannot be read ({reason}); {remedy}") from None


def _not_a_file(path: Path) -> str:
    if path.is_dir():
        return "a folder, not a file"
    if path.exists():
        return "not a file"
    return "a broken link" if path.is_symlink() else "no such file"


def _cells(line: str, header: list[str]) -> list[str]:
    """Split a line into cells; `header` is empty for the header line itself."""
    if not header:
        _check_kind(line)
    if not line.endswith(("\n", "\r")):
        raise _unended(line)
    try:
        (cells,) = csv.reader([line], strict=True)
    except csv.Error:
        whole = _WHOLE_CELLS.match(line)
        cell = len(_split(whole.group() if whole else "")) - 1
        why = "an unclosed quote, or a quote inside a cell"
        raise _BrokenLineError(why, cell) from None
    if not line.isascii() or "\0" in line:
        _check_text(cells)
    if not cells:
        raise _BrokenLineError("an empty line; remove it")
    if header and len(cells) != len(header):
        raise _BrokenLineError(
            f"{len(cells)} cells where the header has {len(header)}; "
            "a missing or extra comma or newline"
        )
    return cells


def _check_kind(first: str) -> None:
    for start, kind in _KINDS:
        if first.startswith(start):
            raise _BrokenLineError(f"this is {kind}")
    for mark, name in _SEPARATORS.items():
        if mark in first and "," not in first:
            why = f"the cells are separated by {name}; save the file with commas"
            raise _BrokenLineError(why)


def _unended(line: str) -> _BrokenLineError:
    if len(line) < LONGEST:
        return _BrokenLineError(
            "no newline at end of file: it may be truncated; if it is complete, add one"
        )
    lengths = [len(cell) for cell in _split(line)]
    why = f"longer than {LONGEST:,} characters; a quote or a newline may be missing"
    return _BrokenLineError(why, lengths.index(max(lengths)))


def _check_text(cells: list[str]) -> None:
    for number, cell in enumerate(cells):
        if found := _NO_TEXT.search(cell):
            code = ord(found.group())
            if code == 0:
                raise _BrokenLineError(
                    "a NUL byte, as in UTF-16 or a damaged file", number
                )
            why = f"byte 0x{code - 0xDC00:02x} is not UTF-8; save the file as UTF-8"
            raise _BrokenLineError(why, number)


def _split(line: str) -> list[str]:
    """Return the cells of a line, even if it is malformed."""
    return next(csv.reader([line])) or [""]


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as a CSV file; cells are quoted where necessary."""
    lines = StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()
