"""Figures as plain data, which a template writes as inline SVG: scales, axes, drawings.

Each path and text has a kind, which is its class in page.css: the style sheet sets all
colours, so that figures follow dark mode and print. Matplotlib's SVG of the same figure
(predicted against actual price) is ten times as large, takes ten times as long, and has
no title for screen readers; its colours are fixed in `style` attributes, which the
page's Content Security Policy blocks.

Figures have the width of a phone; a wider page shows them side by side.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from pipeline.core.numbers import score_text

WIDTH = 340
_HEIGHT = 250
_ROW = 18
_BELOW = 34  # for the tick labels and the name of the x axis
_ROOM = 6  # for a ring around a point at the edge
_ABOVE = 22  # for the name of the y axis
_STEPS = (1, 2, 5, 10)  # between ticks, times a power of ten


class PathElement(NamedTuple):
    """An SVG path and its kind."""

    kind: str
    d: str


class TextElement(NamedTuple):
    """A text; `anchor` says whether its start, middle or end is at x, y."""

    kind: str
    x: float
    y: float
    text: str
    anchor: str


@dataclass
class Drawing:
    """Paths and texts on a canvas. Points that are not finite are left out.

    Attributes:
        title: the title, for screen readers.
        desc: what the drawing shows, for screen readers.
        height: of the canvas.
        width: of the canvas.
        left: the room beside the axes, for ticks and names.
        right: the same on the right.
        top: the same above.
        bottom: the same below.
        paths: all paths.
        texts: all texts.
    """

    title: str
    desc: str
    height: int = _HEIGHT
    width: int = WIDTH
    left: float = 48
    right: float = 8
    top: float = _ABOVE
    bottom: float = _BELOW
    paths: list[PathElement] = field(default_factory=list)
    texts: list[TextElement] = field(default_factory=list)

    @property
    def x_edges(self) -> tuple[float, float]:
        """The lengths at which the x axis starts and ends."""
        return self.left, self.width - self.right

    @property
    def y_edges(self) -> tuple[float, float]:
        """The lengths at which the y axis starts and ends, from the bottom up."""
        return self.height - self.bottom, self.top

    @property
    def x_range(self) -> tuple[float, float]:
        """The lengths at which x data starts and ends."""
        start, end = self.x_edges
        return start + _ROOM, end - _ROOM

    @property
    def y_range(self) -> tuple[float, float]:
        """The lengths at which y data starts and ends, from the bottom up."""
        start, end = self.y_edges
        return start - _ROOM, end + _ROOM

    def line(self, kind: str, x: ArrayLike, y: ArrayLike) -> None:
        """Add a line through points, or a dot if there is only one."""
        points = _points(x, y)
        end = "h0" if len(points) == 1 else ""
        self._add(kind, "L".join(f"{a} {b}" for a, b in points) + end, "M")

    def band(self, kind: str, x: ArrayLike, low: ArrayLike, high: ArrayLike) -> None:
        """Add the area between two lines."""
        above, below = _points(x, high), _points(x, low)
        self._add(kind, "L".join(f"{a} {b}" for a, b in [*above, *below[::-1]]), "M")

    def dots(self, kind: str, x: ArrayLike, y: ArrayLike) -> None:
        """Add dots, which are lines of length 0; equal points are drawn once."""
        points = dict.fromkeys(_points(x, y))
        self._add(kind, "".join(f"M{a} {b}h0" for a, b in points))

    def rings(self, kind: str, x: ArrayLike, y: ArrayLike, radius: float) -> None:
        """Add circles around points."""
        arc, across = f"a{radius} {radius} 0 1 0", 2 * radius
        circle = f"m-{radius} 0{arc} {across} 0{arc}-{across} 0"
        self._add(kind, "".join(f"M{a} {b}{circle}" for a, b in _points(x, y)))

    def text(
        self, kind: str, x: float, y: float, text: str, anchor: str = "start"
    ) -> None:
        """Add a text, if it is not empty."""
        if text:
            self.texts.append(TextElement(kind, round(x, 1), round(y, 1), text, anchor))

    def axes(self, x: "Scale", y: "Scale", x_name: str, y_name: str) -> None:
        """Draw both axes: their names, x ticks, and a grid line for each y tick."""
        for tick in y.ticks:
            height = y.at(tick)
            self.line("grid", self.x_edges, height)
            self.text("tick", self.left - 6, height + 4, y.label(tick), "end")
        self.x_axis(x, x_name)
        self.text("name", 0, 12, y_name)

    def x_axis(self, x: "Scale", name: str) -> None:
        """Draw the x axis: its ticks and its name."""
        (_, right), (bottom, _) = self.x_edges, self.y_edges
        self.line("axis", self.x_edges, bottom)
        for tick in x.ticks:
            length = x.at(tick)
            self.line("axis", length, [bottom, bottom + 4])
            self.text("tick", length, bottom + 17, x.label(tick), "middle")
        self.text("name", right, bottom + 31, name, "end")

    def _add(self, kind: str, d: str, start: str = "") -> None:
        if d:
            self.paths.append(PathElement(kind, start + d))


def _points(x: ArrayLike, y: ArrayLike) -> list[tuple[str, str]]:
    points = np.column_stack(np.broadcast_arrays(np.ravel(x), np.ravel(y)))
    finite = points[np.isfinite(points).all(axis=1)]
    return [(_number(a), _number(b)) for a, b in finite.tolist()]


def _number(value: float) -> str:
    """Return a length as text, rounded to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` to lengths from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    ticks: list[float]
    label: Callable[[float], str]
    log: bool = False

    @classmethod
    def linear(
        cls,
        values: ArrayLike,
        start: float,
        end: float,
        label: Callable[[float], str],
        *,
        most: int = 6,
    ) -> Self:
        """Return a scale from the smallest to the largest value, with round ticks."""
        low, high = _range(values)
        rough = (high - low) / most
        power = 10 ** math.floor(math.log10(rough))
        step = power * next(s for s in _STEPS if s * power >= rough * (1 - 1e-9))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        ticks = [round(n * step, 12) for n in range(first, last + 1)]
        return cls(low, high, start, end, ticks, label)

    @classmethod
    def logarithmic(
        cls, values: ArrayLike, start: float, end: float, label: Callable[[float], str]
    ) -> Self:
        """Return a logarithmic scale, with ticks at 1, 2 and 5 times powers of ten."""
        numbers = np.asarray(values, dtype=float)
        low, high = _range(numbers[numbers > 0])
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
        round_values = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        ticks = [tick for tick in round_values if low <= tick <= high]
        return cls(low, high, start, end, ticks, label, log=True)

    def __call__(self, values: ArrayLike) -> np.ndarray:
        """Return the length of each value, clipped to the ends."""
        numbers, low, high = np.asarray(values, dtype=float), self.low, self.high
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                numbers = np.log(numbers)
            low, high = math.log(low), math.log(high)
        share = np.clip((numbers - low) / (high - low), 0, 1)
        return np.asarray(self.start + share * (self.end - self.start))

    def at(self, value: float) -> float:
        """Return the length of one value."""
        return float(self(value))


def _range(values: ArrayLike) -> tuple[float, float]:
    """Return the smallest and the largest finite value; if they are equal, widened."""
    finite = np.asarray(values, dtype=float).ravel()
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return 1.0, 2.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - abs(low) / 10 - 1e-6, high + 1e-6)


class RangeRow(NamedTuple):
    """A row: its name, a value with its range, and a text; by default the value."""

    name: str
    low: float
    middle: float
    high: float
    text: str = ""


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
        title: The title of the figure.
        desc: What it shows, in words.
        rows: The rows, from the top down.
        x: The scale of the values.
        x_name: The name of the x axis.
        zero: A value to mark with a vertical line.
    """
    height = _ROW * len(rows) + _BELOW + 8
    drawing = Drawing(title, desc, height, left=x.start, right=WIDTH - x.end, top=4)
    for tick in x.ticks:
        drawing.line("grid", x.at(tick), drawing.y_edges[::-1])
    if zero is not None:
        drawing.line("zero", x.at(zero), drawing.y_edges[::-1])
    for number, row in enumerate(rows):
        y = drawing.top + _ROW * (number + 0.5)
        drawing.text("row", 0, y + 4, row.name)
        drawing.line("range", x([row.low, row.high]), y)
        drawing.dots("value", x.at(row.middle), y)
        text = row.text or score_text(row.middle)
        drawing.text("number", WIDTH, y + 4, text, "end")
    drawing.x_axis(x, x_name)
    return drawing
