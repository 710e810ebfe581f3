"""The two layouts of figures: axes with a grid, and rows of ranges.

Figures have the width of a phone; a wider page shows them side by side.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale

WIDTH = 340
_ROW = 18
_BELOW = 34  # for the tick labels and the name of the x axis
_ROOM = 6  # for a ring around a point at the edge
_ABOVE = 22  # for the name of the y axis


class RangeRow(NamedTuple):
    """A row: its name, a value with its range, and the value as text."""

    name: str
    low: float
    middle: float
    high: float
    text: str


class PlotArea(NamedTuple):
    """The edges of the area inside the axes."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def x_range(self) -> tuple[float, float]:
        """The lengths at which x data starts and ends."""
        return self.left + _ROOM, self.right - _ROOM

    @property
    def y_range(self) -> tuple[float, float]:
        """The lengths at which y data starts and ends, from the bottom up."""
        return self.bottom - _ROOM, self.top + _ROOM


def plot_area(width: int, height: int) -> PlotArea:
    """Return the area of a drawing without the room for ticks and names."""
    return PlotArea(48, width - 8, _ABOVE, height - _BELOW)


def draw_axes(
    drawing: Drawing, area: PlotArea, x: Scale, y: Scale, x_name: str, y_name: str
) -> None:
    """Draw both axes: their names, x ticks, and a grid line for each y tick."""
    for tick in y.ticks:
        height = y.at(tick)
        drawing.line("grid", [area.left, area.right], height)
        drawing.text("tick", area.left - 6, height + 4, y.label(tick), "end")
    _lower_axis(drawing, area, x, x_name)
    drawing.text("name", 0, 12, y_name)


def draw_range_rows(
    title: str,
    desc: str,
    rows: Sequence[RangeRow],
    x: Scale,
    x_name: str,
    *,
    zero: float | None = None,
) -> Drawing:
    """Draw rows: a bar from low to high, a dot at the middle, and the value as text.

    Args:
        title: the title of the figure.
        desc: what it shows, in words.
        rows: the rows, from the top down.
        x: the scale of the values.
        x_name: the name of the x axis.
        zero: a value to mark with a vertical line.
    """
    height = _ROW * len(rows) + _BELOW + 8
    drawing = Drawing(title, desc, WIDTH, height)
    area = PlotArea(x.start, x.end, 4, height - _BELOW)
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


def _lower_axis(drawing: Drawing, area: PlotArea, x: Scale, name: str) -> None:
    drawing.line("axis", [area.left, area.right], area.bottom)
    for tick in x.ticks:
        length = x.at(tick)
        drawing.line("axis", length, [area.bottom, area.bottom + 4])
        drawing.text("tick", length, area.bottom + 17, x.label(tick), "middle")
    drawing.text("name", area.right, area.bottom + 31, name, "end")
