"""Read a long CSV file in blocks of many rows, as text.

A block in which every line is plain is read by pandas. Any other is read line by line,
which is slower, allows quotes, and tells exactly where a line is broken.
"""

import csv
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.csv_reader import LONGEST, Lines, open_text

_BLOCK = 2**23  # characters read at a time, so that long files need little memory


def read_blocks(path: Path, remedy: str) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file as text, indexed by line number.

    The first frame has no rows, so that the header can be checked before they are read.
    The arguments and the errors are those of `read_rows`.
    """
    lines = Lines(path, remedy)
    with open_text(path, remedy) as file:
        for header in lines.split(file):
            yield pd.DataFrame(columns=header)
            break
        while text := file.read(_BLOCK) + file.readline(LONGEST):
            first = lines.number + 1
            frame = _read_plain(text, lines)
            if frame is None:
                frame = _read_lines(text, lines)
            yield frame.set_axis(pd.RangeIndex(first, first + len(frame)))


def _read_plain(text: str, lines: Lines) -> pd.DataFrame | None:
    """Read a block by pandas, or return None if it has lines that are not plain."""
    ends = text.count("\n")
    returns = text.count("\r")
    if any(mark in text for mark in '"\0') or text.count("\r\n") != returns:
        return None
    if returns not in {0, ends} or not text.endswith("\n"):
        return None
    try:
        block = text.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8
        return None
    if not _has_even_lines(block, len(lines.header)):
        return None
    lines.number += ends
    return pd.read_csv(
        BytesIO(block),
        header=None,
        names=lines.header,
        index_col=False,
        dtype=object,
        na_filter=False,
        quoting=csv.QUOTE_NONE,
    )


def _has_even_lines(block: bytes, columns: int) -> bool:
    """Return whether each line has as many cells as the header, and is not too long."""
    characters = np.frombuffer(block, np.uint8)
    ends, commas = (np.flatnonzero(characters == ord(mark)) for mark in "\n,")
    counts = np.diff(np.searchsorted(commas, ends), prepend=0)
    longest = np.diff(ends, prepend=-1).max()
    return columns > 1 and longest < LONGEST and bool((counts == columns - 1).all())


def _read_lines(text: str, lines: Lines) -> pd.DataFrame:
    """Read a block line by line.

    Raises:
        UserError: A line is malformed.
    """
    # A StringIO would take four bytes a character.
    encoded = BytesIO(text.encode(errors="surrogateescape"))
    with TextIOWrapper(encoded, "utf-8", "surrogateescape", newline="") as file:
        rows = list(lines.split(file))
    return pd.DataFrame(rows, columns=lines.header, dtype=object)
