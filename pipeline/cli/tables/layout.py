"""Fit a table into any width without cutting a number or breaking a word.

rich's own wrapping does both: at 80 columns it cuts the fold scores of `train`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.table import Column, Table

_EDGES = 2  # one space at each end of a line


class _Span(NamedTuple):
    """The smallest and the largest useful width of a column, in characters."""

    least: int
    most: int


def fit(table: Table, width: int) -> Iterator[Table]:
    """Yield the table in one or more parts that fit into a width.

    If narrow gaps and wrapped text are not enough, the columns are split into several
    tables, each of which repeats the first column.
    """
    spans = [_span(column) for column in table.columns]
    for gap in (2, 1):
        room = width - _EDGES - gap * (len(spans) - 1)
        if sum(span.least for span in spans) <= room:
            yield _spread(table, spans, gap, room)
            return
    if len(spans) <= 2:
        yield table
        return
    for columns in _groups(spans, width):
        yield from fit(_part(table, columns), width)


def _span(column: Column) -> _Span:
    texts = [str(text) for text in (column.header, *column.cells)]
    most = max(map(cell_len, texts))
    if column.no_wrap:
        return _Span(most, most)
    words = [cell_len(word) for text in texts for word in text.split()]
    return _Span(max(words, default=0), most)


def _spread(table: Table, spans: list[_Span], gap: int, room: int) -> Table:
    """Separate the columns by `gap`; wrap the text of columns wider than a limit."""

    def widths(limit: int) -> list[int]:
        return [max(least, min(most, limit)) for least, most in spans]

    limit = max(limit for limit in range(room + 1) if sum(widths(limit)) <= room)
    table.padding = (0, gap - 1, 0, 0)
    for column, column_width in zip(table.columns, widths(limit), strict=True):
        column.width = column_width
    return table


def _groups(spans: list[_Span], width: int) -> Iterator[list[int]]:
    """Yield the indices of columns that fit side by side; each group starts with 0."""
    group = [0]
    for index in range(1, len(spans)):
        used = _EDGES + sum(1 + spans[each].least for each in group)
        if len(group) > 1 and used + spans[index].least > width:
            yield group
            group = [0]
        group.append(index)
    yield group


def _part(table: Table, indices: Sequence[int]) -> Table:
    columns = [table.columns[index] for index in indices]
    copies = [column.copy() for column in columns]
    part = Table(*copies, box=table.box, pad_edge=table.pad_edge)
    rows = zip(*(column.cells for column in columns), strict=True)
    for row, cells in zip(table.rows, rows, strict=True):
        part.add_row(*cells, style=row.style)
    return part
