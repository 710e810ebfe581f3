"""Write a long frame as CSV: a column's distinct values are formatted once.

`DataFrame.to_csv` formats every cell, which takes six times as long on long files.
"""

import csv
import math
from collections.abc import Callable, Iterator
from io import StringIO

import numpy as np
import pandas as pd

_BLOCK_ROWS = 20_000  # written at a time, so that long files need little memory


def csv_blocks(
    frame: pd.DataFrame, number: Callable[[float], str] = repr
) -> Iterator[str]:
    """Yield the parts of a CSV file, the same text as by `DataFrame.to_csv`.

    Args:
        frame: Its columns are floats, integers or categories; missing cells are empty.
        number: The format of floats.
    """
    yield ",".join(map(_quoted, frame.columns)) + "\n"
    for start in range(0, len(frame), _BLOCK_ROWS):
        block = frame.iloc[start : start + _BLOCK_ROWS]
        cells = [_cells(block[name], number) for name in frame.columns]
        yield "".join(f"{line}\n" for line in map(",".join, zip(*cells, strict=True)))


def number_text(number: float) -> str:
    """Return a prediction with two decimals, or more for seven significant digits."""
    magnitude = math.floor(math.log10(abs(number))) if number else 0
    return f"{number:.{max(2, 6 - magnitude)}f}"


def _cells(column: pd.Series, number: Callable[[float], str]) -> list[str]:
    if column.dtype == float:  # by its bits, since 0.0 equals -0.0
        codes, bits = pd.factorize(column.to_numpy().view(np.int64))
        numbers = bits.view(float).tolist()
        distinct = ["" if np.isnan(each) else number(each) for each in numbers]
    else:
        codes, values = pd.factorize(column)
        is_integer = pd.api.types.is_integer_dtype(column)
        distinct = list(map(str if is_integer else _quoted, values))
    texts = np.array([*distinct, ""], dtype=object)  # the code of a missing value is -1
    return list(texts[codes])


def _quoted(value: object) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="").writerow([value])
    return line.getvalue()
