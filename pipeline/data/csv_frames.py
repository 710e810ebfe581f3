"""Long CSV files to frames and back, in blocks that need little memory.

pandas reads a block if all of its lines are plain. Other blocks are read record by
record, which is slower, allows quotes, and finds the line that is broken. When a frame
is written, the distinct values of a column are formatted once: `DataFrame.to_csv`
formats each cell, which takes six times as long.
"""

import csv
import math
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from pipeline.data.csv_reader import (
    LONGEST,
    Lines,
    check_names,
    csv_text,
    lines_of,
    open_text,
)

_BLOCK = 2**23  # characters read at a time
_BLOCK_ROWS = 20_000  # written at a time


def read_blocks(path: Path, remedy: str) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file as text, indexed by the first line of each.

    The first frame has the header without rows, so that it can be checked before rows
    are read. Then its names must be different. Arguments and errors are those of
    `read_rows`.
    """
    lines = Lines(path)
    with open_text(path, remedy) as file:
        for header in lines.split(lines_of(file)):
            yield pd.DataFrame(columns=header)
            check_names(path, header)
            break
        while text := file.read(_BLOCK) + file.readline(LONGEST):
            frame = _read_plain(text, lines)
            yield _read_records(text, file, lines) if frame is None else frame


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
    first = lines.number + 1
    lines.number += ends
    frame = pd.read_csv(
        BytesIO(block),
        header=None,
        names=lines.header,
        index_col=False,
        dtype=object,
        na_filter=False,
        quoting=csv.QUOTE_NONE,
    )
    return frame.set_axis(pd.RangeIndex(first, first + len(frame)))


def _has_even_lines(block: bytes, columns: int) -> bool:
    """Return whether all lines are short and have as many cells as the header."""
    characters = np.frombuffer(block, np.uint8)
    ends, commas = (np.flatnonzero(characters == ord(mark)) for mark in "\n,")
    counts = np.diff(np.searchsorted(commas, ends), prepend=0)
    longest = np.diff(ends, prepend=-1).max()
    return columns > 1 and longest < LONGEST and bool((counts == columns - 1).all())


def _read_records(text: str, file: TextIO, lines: Lines) -> pd.DataFrame:
    """Read a block record by record; the end of its last one is read from the file.

    Raises:
        UserError: A record is malformed.
    """
    # A StringIO would take four bytes a character.
    encoded = BytesIO(text.encode(errors="surrogateescape"))
    with TextIOWrapper(encoded, "utf-8", "surrogateescape", newline="") as block:
        ends = text.count("\n") + text.count("\r") - text.count("\r\n")
        unended = not text.endswith(("\n", "\r"))
        last = lines.number + ends + unended
        rows, first = [], []
        for cells in lines.split(chain(lines_of(block), lines_of(file))):
            rows.append(cells)
            first.append(lines.first)
            if lines.number >= last:
                break
    return pd.DataFrame(rows, index=first, columns=lines.header, dtype=object)


def csv_blocks(
    frame: pd.DataFrame, number: Callable[[float], str] = repr
) -> Iterator[str]:
    """Yield a frame as the parts of a CSV file, with the text of `DataFrame.to_csv`.

    Args:
        frame: Its columns are floats, integers or categories; missing cells are empty.
        number: The format of floats.
    """
    yield ",".join(map(_quoted, frame.columns)) + "\n"
    for start in range(0, len(frame), _BLOCK_ROWS):
        block = frame.iloc[start : start + _BLOCK_ROWS]
        cells = [_cell_texts(block[name], number) for name in frame.columns]
        yield "".join(f"{line}\n" for line in map(",".join, zip(*cells, strict=True)))


def number_text(number: float) -> str:
    """Return a prediction with two decimals, or more for seven significant digits."""
    magnitude = math.floor(math.log10(abs(number))) if number else 0
    return f"{number:.{max(2, 6 - magnitude)}f}"


def _cell_texts(column: pd.Series, number: Callable[[float], str]) -> list[str]:
    if column.dtype == float:  # by its bits, since 0.0 equals -0.0
        codes, bits = pd.factorize(column.to_numpy().view(np.int64))
        numbers = bits.view(float).tolist()
        distinct = ["" if np.isnan(value) else number(value) for value in numbers]
    else:
        codes, values = pd.factorize(column)
        is_integer = pd.api.types.is_integer_dtype(column)
        distinct = list(map(str if is_integer else _quoted, values))
    texts = np.array([*distinct, ""], dtype=object)  # the code of a missing value is -1
    return list(texts[codes])


def _quoted(value: object) -> str:
    return csv_text([[value]]).removesuffix("\n")
