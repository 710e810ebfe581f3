"""Two axes with a grid, and rows of ranges: the frames of all the report's pictures.

Pictures are made for the width of a phone; on a wider page they stand side by side.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale

WIDTH = 340
_ROW = 18
_BELOW = 34  # for the numbers of the lower axis and what they are
_ROOM = 6
_ABOVE = 22  # for what the numbers of the left axis are


class Range(NamedTuple):
    """A row: what it is, a value with its ends, and the value as text."""

    name: str
    low: float
    middle: float
    high: float
    text: str


class Box(NamedTuple):
    """The edges of the area inside the axes, and of that where data may lie."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def across(self) -> tuple[float, float]:
        """From left to right, with room for a ring at the edges."""
        return self.left + _ROOM, self.right - _ROOM

    @property
    def upwards(self) -> tuple[float, float]:
        """From bottom to top, the same."""
        return self.bottom - _ROOM, self.top + _ROOM


def box(width: int, height: int, *, left: float = 48) -> Box:
    """The area of a drawing that is left for data."""
    return Box(left, width - 8, _ABOVE, height - _BELOW)


def draw_axes(
    drawing: Drawing, area: Box, x: Scale, y: Scale, x_name: str, y_name: str
) -> None:
    """A line of the grid for each tick of y, a tick for each of x, and their names."""
    for tick in y.ticks:
        place = y.at(tick)
        drawing.line("grid", [area.left, area.right], place)
        drawing.text("tick", area.left - 6, place + 4, y.label(tick), "end")
    _lower_axis(drawing, area, x, x_name)
    drawing.text("name", 0, 12, y_name)


def draw_ranges(
    title: str,
    desc: str,
    rows: Sequence[Range],
    x: Scale,
    x_name: str,
    *,
    zero: float | None = None,
) -> Drawing:
    """Rows from the top down: a bar from low to high, a dot at the middle, the value.

    Args:
        title: of the picture.
        desc: what it shows, in words.
        rows: from the top down.
        x: of the values; its ends are where the bars may be.
        x_name: what they are.
        zero: a value at which an upright line stands.
    """
    height = _ROW * len(rows) + _BELOW + 8
    drawing = Drawing(title, desc, WIDTH, height)
    area = Box(x.start, x.end, 4, height - _BELOW)
    for tick in x.ticks:
        drawing.line("grid", x.at(tick), [area.top, area.bottom])
    if zero is not None:
        drawing.line("zero", x.at(zero), [area.top, area.bottom])
    for number, row in enumerate(rows):
        y = 4 + _ROW * (number + 0.5)
        drawing.text("row", 0, y + 4, row.name)
        drawing.line("range", x([row.low, row.high]), y)
        drawing.dots("value", x.at(row.middle), y)
        drawing.text("number", WIDTH, y + 4, row.text, "end")
    _lower_axis(drawing, area, x, x_name)
    return drawing


def _lower_axis(drawing: Drawing, area: Box, x: Scale, name: str) -> None:
    drawing.line("axis", [area.left, area.right], area.bottom)
    for tick in x.ticks:
        place = x.at(tick)
        drawing.line("axis", place, [area.bottom, area.bottom + 4])
        drawing.text("tick", place, area.bottom + 17, x.label(tick), "middle")
    drawing.text("name", area.right, area.bottom + 31, name, "end")
