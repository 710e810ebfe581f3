"""Read a CSV file line by line: every line whole, of the header's width, and bounded.

A row is one line here, since no cell of this data holds a line end. So a quote left
open is found in its own line, and whatever the file, no more than one line of at most
`_LONGEST` characters is held. Light on purpose: the standard library alone.
"""

import csv
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipeline.core.errors import UserError

_LONGEST = 4096  # characters; the real files have 900 in their longest line
_KINDS = (  # how a file starts that is no table; \udcff is a byte that is not UTF-8
    ("PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save it as CSV"),
    ("\x1f\udc8b", "a gzip archive; unpack it"),
    ("\udcff\udcfe", "UTF-16 text; save it as UTF-8"),
    ("\udcfe\udcff", "UTF-16 text; save it as UTF-8"),
    ("<", "a web page or XML; log in where it comes from and fetch the file itself"),
)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_NO_TEXT = re.compile("[\0\udc80-\udcff]")
_WHOLE_CELLS = re.compile(r'(?:(?:"(?:[^"]|"")*"|[^",][^,]*)?,)*')


class _BrokenLineError(Exception):
    """Why a line cannot be used, and in which of its cells, where that is known."""

    def __init__(self, why: str, cell: int | None = None) -> None:
        super().__init__(why)
        self.column = slice(0) if cell is None else slice(cell, cell + 1)


def read_rows(path: Path, remedy: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and its cells; line 1, the header, comes first.

    Args:
        path: of the file, in UTF-8, with any line ends and with or without its mark.
        remedy: what the user can do about a file that is not as it should be.

    Raises:
        UserError: there is no such file, it is no table, or a line is not whole.
    """
    header: list[str] = []
    number = 0
    try:
        for number, line in enumerate(_lines(path, remedy), start=1):
            cells = _cells(line, header)
            header = header or cells
            yield number, cells
    except _BrokenLineError as broken:
        name = "".join(header[broken.column])
        where = f"column {name}, " if name else ""
        raise UserError(f"{path}: {where}line {number}: {broken}; {remedy}") from None
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path}: cannot be read ({reason}); {remedy}") from None
    if not header:
        raise UserError(f"{path}: the file is empty; {remedy}")


def _lines(path: Path, remedy: str) -> Iterator[str]:
    if not path.is_file():  # a pipe would be waited for without end
        raise UserError(f"{path}: {_not_a_file(path)}; {remedy}")
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from iter(partial(file.readline, _LONGEST), "")


def _not_a_file(path: Path) -> str:
    if path.is_dir():
        return "a folder, not a file"
    if path.exists():
        return "not a file"
    return "a link to nowhere" if path.is_symlink() else "no such file"


def _cells(line: str, header: list[str]) -> list[str]:
    """Split a line; of the header's own line, the header is still empty."""
    if not header:
        _check_kind(line)
    if not line.endswith(("\n", "\r")):
        raise _unended(line)
    try:
        (cells,) = csv.reader([line], strict=True)
    except csv.Error:
        whole = _WHOLE_CELLS.match(line)
        cell = len(_split(whole.group() if whole else "")) - 1
        why = "a quote is left open, or stands in a cell"
        raise _BrokenLineError(why, cell) from None
    if not line.isascii() or "\0" in line:
        _check_text(cells)
    if not cells:
        raise _BrokenLineError("an empty line; remove it")
    if header and len(cells) != len(header):
        raise _BrokenLineError(
            f"{len(cells)} cells where the header has {len(header)}; "
            "a comma or a line end is lost, or one too many"
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
    if len(line) < _LONGEST:
        return _BrokenLineError(
            "the file ends within this line; is it cut short? "
            "If the line is whole, put a line end behind it"
        )
    lengths = [len(cell) for cell in _split(line)]
    why = f"longer than {_LONGEST:,} characters; a quote or a line end may be missing"
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
    """The cells of a line that may be broken."""
    return next(csv.reader([line])) or [""]
