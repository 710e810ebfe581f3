"""Long CSV files to frames and back, in blocks that need little memory.

pandas reads a file if all of its lines are plain. Other files are read record by
record, which is slower, allows quotes, and finds the line that is broken. When a frame
is written, the distinct values of a column are formatted once: `DataFrame.to_csv`
formats each cell, which takes five times as long.
"""

import csv
import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.csv_reader import LONGEST, check_names, csv_text, read_rows, readable

_BLOCK = 2**23  # bytes that are looked at at a time
_BLOCK_ROWS = 10_000  # that are read or written at a time


def read_blocks(path: Path, remedy: str) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file as text, indexed by the first line of each.

    The first frame has the header without rows, so that it can be checked before rows
    are read. Then its names must be different. Arguments and errors are those of
    `read_rows`.
    """
    rows = read_rows(path, remedy)
    _, header = next(rows)
    yield pd.DataFrame(columns=header)
    check_names(path, header)
    with readable(path):
        if _is_plain(path, len(header)):
            yield from _plain_blocks(path, header)
            return
    while block := [*islice(rows, _BLOCK_ROWS)]:
        lines, records = zip(*block, strict=True)
        yield pd.DataFrame(records, index=lines, columns=header, dtype=object)


def _is_plain(path: Path, columns: int) -> bool:
    """Return whether a file is UTF-8 without quotes, and has a cell per column."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK) + file.readline(LONGEST):
            ends, returns = block.count(b"\n"), block.count(b"\r")
            if returns and not returns == block.count(b"\r\n") == ends:
                return False
            if b'"' in block or b"\0" in block or not block.endswith(b"\n"):
                return False
            if not _has_even_lines(block, columns):
                return False
            try:
                block.decode()
            except UnicodeDecodeError:
                return False
    return True


def _has_even_lines(block: bytes, columns: int) -> bool:
    """Return whether all lines are short and have as many cells as the header."""
    characters = np.frombuffer(block, np.uint8)
    ends, commas = (np.flatnonzero(characters == ord(mark)) for mark in "\n,")
    counts = np.diff(np.searchsorted(commas, ends), prepend=0)
    longest = np.diff(ends, prepend=-1).max()
    return columns > 1 and longest < LONGEST and bool((counts == columns - 1).all())


def _plain_blocks(path: Path, header: list[str]) -> Iterator[pd.DataFrame]:
    with pd.read_csv(
        path,
        header=None,
        names=header,
        skiprows=1,
        index_col=False,
        dtype=object,
        na_filter=False,
        quoting=csv.QUOTE_NONE,
        compression=None,
        chunksize=_BLOCK_ROWS,
    ) as blocks:
        for block in blocks:
            if len(block):
                yield block.set_axis(block.index + 2)


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
