"""Tables in any width: closer together, words wrapped, or a few columns at a time."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.table import Column, Table

_EDGES = 2  # a blank at either end of a line


class _Span(NamedTuple):
    """The fewest and the most characters that a column has a use for."""

    least: int
    most: int


def fit(table: Table, width: int) -> Iterator[Table]:
    """The table as it fits into a width, no cell cut and no word broken.

    Whole, if it can be; else a few columns at a time, each time behind the first.
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
    for places in _shares(spans, width):
        yield from fit(_part(table, places), width)


def _span(column: Column) -> _Span:
    texts = [str(text) for text in (column.header, *column.cells)]
    most = max(map(cell_len, texts))
    if column.no_wrap:
        return _Span(most, most)
    words = [cell_len(word) for text in texts for word in text.split()]
    return _Span(max(words, default=0), most)


def _spread(table: Table, spans: list[_Span], gap: int, room: int) -> Table:
    """Set the columns `gap` apart; those that are wider than a limit wrap to it."""

    def widths(limit: int) -> list[int]:
        return [max(least, min(most, limit)) for least, most in spans]

    limit = max(limit for limit in range(room + 1) if sum(widths(limit)) <= room)
    table.padding = (0, gap - 1, 0, 0)
    for column, own in zip(table.columns, widths(limit), strict=True):
        column.width = own
    return table


def _shares(spans: list[_Span], width: int) -> Iterator[list[int]]:
    """The places of the columns that fit side by side, the first in every share."""
    share = [0]
    for place in range(1, len(spans)):
        used = _EDGES + sum(1 + spans[each].least for each in share)
        if len(share) > 1 and used + spans[place].least > width:
            yield share
            share = [0]
        share.append(place)
    yield share


def _part(table: Table, places: Sequence[int]) -> Table:
    columns = [table.columns[place] for place in places]
    copies = [column.copy() for column in columns]
    part = Table(*copies, box=table.box, pad_edge=table.pad_edge)
    rows = zip(*(column.cells for column in columns), strict=True)
    for row, cells in zip(table.rows, rows, strict=True):
        part.add_row(*cells, style=row.style)
    return part
