"""Read a CSV file record by record, and report exactly where it is broken.

A record is a line, or several lines if a quoted cell has newlines. Memory holds at most
`LONGEST` characters of one. Only the standard library is imported, so that commands
start fast.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TextIO

from pipeline.core.errors import UserError, short

LONGEST = 2**16  # characters; the longest line of House Prices has 900
_KINDS = (  # first characters of other files; \udcff is a byte that is not UTF-8
    ("PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save it as CSV"),
    ("\x1f\udc8b", "a gzip archive; unpack it"),
    ("BZh", "a bzip2 archive; unpack it"),
    ("\udcfd7zXZ", "an xz archive; unpack it"),
    ("(\udcb5/\udcfd", "a zstd archive; unpack it"),
    ("7z\udcbc\udcaf", "a 7z archive; unpack it"),
    ("\udcff\udcfe", "UTF-16 text; save it as UTF-8"),
    ("\udcfe\udcff", "UTF-16 text; save it as UTF-8"),
    ("PAR1", "a Parquet file; save it as CSV"),
    ("\udcd0\udccf\x11\udce0", "an Excel workbook; save it as CSV"),
    ("%PDF-", "a PDF file; save the table as CSV"),
    ("version https://git-lfs", "a Git LFS pointer; run `git lfs pull`"),
    ("sep=", "a file with a first line for Excel; remove that line"),
    ("{", "JSON; save it as CSV"),
    ("[{", "JSON; save it as CSV"),
    ("<", "a web page or XML; log in to the site and download the file itself"),
)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_ARCHIVES = {".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"}
_NO_TEXT = re.compile("[\0\udc80-\udcff]")
_WHOLE_CELLS = re.compile(r'(?:(?:"(?:[^"]|"")*"|[^",][^,]*)?,)*')


class _BrokenLineError(Exception):
    """A record is malformed.

    Attributes:
        cell: the number of the wrong cell, from 0, if there is one.
        line: the number of the wrong line of the record, from 0.
    """

    def __init__(self, why: str, cell: int | None = None, line: int = 0) -> None:
        super().__init__(why)
        self.cell, self.line = cell, line


def read_rows(path: Path, remedy: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of each record, first the header as line 1.

    Args:
        path: A UTF-8 file, with any line endings and with or without a byte order mark.
        remedy: What the user can do about a missing file, for the error message.

    Raises:
        UserError: The file does not exist, is not a CSV file, or a record is malformed.
    """
    if not path.is_file():  # opening a pipe could block forever
        raise UserError(f"{path}: {not_a_file(path, remedy)}")
    header, record, first = list[str](), list[str](), 1
    with (
        readable(path),
        # A byte that is not UTF-8 becomes a surrogate, which `_check_text` names.
        path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file,
    ):
        try:
            for cells in csv.reader(_whole_lines(file, record), strict=True):
                _check(cells, record, header)
                header = header or cells
                yield first, cells
                first += len(record)
                record.clear()
        except csv.Error:
            why = "an unclosed quote, or a quote inside a cell; close or double it"
            where = _where(first, header, _unclosed(record))
            raise UserError(f"{path}: {where}: {why}") from None
        except _BrokenLineError as broken:
            where = _where(first + broken.line, header, broken.cell)
            raise UserError(f"{path}: {where}: {broken}") from None
    if not header:
        raise UserError(f"{path}: the file is empty; {remedy}")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Convert an `OSError` while reading a file to an error for the user.

    Raises:
        UserError: The file cannot be read.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"{path}: cannot be read ({reason}); check its permissions and the disk"
        ) from None


def _whole_lines(file: TextIO, record: list[str]) -> Iterator[str]:
    """Yield the lines of a file, after each was added to the present record.

    Raises:
        _BrokenLineError: The record is too long, or the last line has no end.
    """
    characters = 0
    for number, line in enumerate(iter(partial(file.readline, LONGEST), "")):
        if number == 0:
            _check_kind(line)
        characters = characters + len(line) if record else len(line)
        record.append(line)
        if characters >= LONGEST:
            raise _too_long(record)
        if not line.endswith(("\n", "\r")):
            raise _BrokenLineError(
                "no newline at end of file: it may be truncated; if it is complete, "
                "add one",
                line=len(record) - 1,
            )
        yield line


def _where(line: int, header: list[str], cell: int | None) -> str:
    """Return the line of an error, and its column if the header names it."""
    if cell is None or cell >= len(header):
        return f"line {line}"
    return f"column {header[cell]}, line {line}"


def not_a_file(path: Path, remedy: str) -> str:
    """Return what is where a file should be, and what to do."""
    if path.is_dir():
        return f"a folder, not a file; {remedy}"
    if path.exists():
        return f"not a file; {remedy}"
    if path.is_symlink():
        return f"a broken link; {remedy}"
    if other := _similar_file(path):
        fix = "unpack it" if Path(other).suffix in _ARCHIVES else "rename or convert it"
        return f"no such file, but {short(other)[1:-1]} is there; {fix}"
    return f"no such file; {remedy}"


def _similar_file(path: Path) -> str | None:
    """Return a file beside a missing one with its name but for .gz and the like."""
    try:
        names = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    except OSError:
        return None
    stem = path.stem.lower()
    return next((n for n in names if n.lower().split(".")[0] == stem), None)


def check_names(path: Path | str, header: Sequence[str]) -> None:
    """Check that all columns have different names, of which one may be empty.

    Raises:
        UserError: Two columns have the same name, or have none.
    """
    for name, times in Counter(header).items():
        if times < 2:
            continue
        if not name.strip():
            first, second, *_ = (n for n, x in enumerate(header, 1) if x == name)
            raise UserError(
                f"{path}: columns {first} and {second} have no name; name them, or "
                "remove them (Excel writes such commas at the end of each line)"
            )
        is_cell = name == "NA" or name.replace(".", "").isdigit()
        fix = "restore the header as the first line" if is_cell else "rename one"
        raise UserError(
            f"{path}: column {short(name)[1:-1]}: duplicate column; keep one of them, "
            f"or {fix}"
        )


def _check(cells: list[str], record: list[str], header: list[str]) -> None:
    if any(map(_NO_TEXT.search, record)):
        _check_text(cells)
    if not cells:
        raise _BrokenLineError("an empty line; remove it")
    if header and len(cells) != len(header):
        over = f" over {len(record)} lines" if len(record) > 1 else ""
        raise _BrokenLineError(
            f"{len(cells)} cells{over} where the header has {len(header)}; "
            "fix a missing or extra comma, quote or newline"
        )


def _check_kind(first: str) -> None:
    for start, kind in _KINDS:
        if first.startswith(start):
            raise _BrokenLineError(f"this is {kind}")
    for mark, name in _SEPARATORS.items():
        if mark in first and "," not in first:
            why = f"the cells are separated by {name}; save the file with commas"
            raise _BrokenLineError(why)


def _too_long(record: list[str]) -> _BrokenLineError:
    if len(record) > 1:
        why = (
            f"an unclosed quote, or a text longer than {LONGEST:,} characters; close "
            "the quote, or shorten the text"
        )
        return _BrokenLineError(why, _unclosed(record))
    lengths = [len(cell) for cell in _split(record[0])]
    why = (
        f"longer than {LONGEST:,} characters; shorten the text, or add the missing "
        "quote or newline"
    )
    return _BrokenLineError(why, lengths.index(max(lengths)))


def _unclosed(record: list[str]) -> int:
    """Return the number of the first cell that is not whole."""
    whole = _WHOLE_CELLS.match("".join(record))
    return len(_split(whole.group() if whole else "")) - 1


def _check_text(cells: list[str]) -> None:
    for number, cell in enumerate(cells):
        if found := _NO_TEXT.search(cell):
            code = ord(found.group()) - 0xDC00
            if code < 0:
                raise _BrokenLineError(
                    "a NUL byte, as in UTF-16 or a damaged file; save the file as "
                    "UTF-8, or download it again",
                    number,
                )
            letter = bytes([code]).decode("cp1252", "ignore")
            guess = f" ({letter} in Windows-1252)" if letter.isprintable() else ""
            why = f"byte 0x{code:02x}{guess * bool(letter)} is not UTF-8"
            raise _BrokenLineError(f"{why}; save the file as UTF-8", number)


def _split(text: str) -> list[str]:
    """Return the cells of a record, even if it is malformed."""
    return next(csv.reader(StringIO(text, newline="")), []) or [""]


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as a CSV file; cells are quoted where necessary."""
    lines = StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()
