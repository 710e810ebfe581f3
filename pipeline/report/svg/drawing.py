"""Drawings as plain data, which a template writes as inline SVG.

Each path and text has a kind, which is its class in page.css: the style sheet sets all
colours, so that figures follow dark mode and print. Matplotlib's SVG of the same figure
(predicted against actual price) is ten times as large, takes ten times as long, and has
no title for screen readers; its colours are fixed in `style` attributes, which the
page's Content Security Policy blocks.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class PathElement(NamedTuple):
    """An SVG path and its kind."""

    kind: str
    d: str


class TextElement(NamedTuple):
    """A text whose baseline starts at x, y, or has its middle or end there."""

    kind: str
    x: float
    y: float
    text: str
    anchor: str


@dataclass
class Drawing:
    """Paths and texts on a canvas. Points that are not finite are left out.

    `title` and `desc` say in words what it shows, for screen readers.
    """

    title: str
    desc: str
    width: int
    height: int
    paths: list[PathElement] = field(default_factory=list)
    texts: list[TextElement] = field(default_factory=list)

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
        arc = f"a{radius} {radius} 0 1 0"
        self._add(
            kind,
            "".join(
                f"M{a} {b}m-{radius} 0{arc} {2 * radius} 0{arc}-{2 * radius} 0"
                for a, b in _points(x, y)
            ),
        )

    def text(
        self, kind: str, x: float, y: float, text: str, anchor: str = "start"
    ) -> None:
        """Add a text."""
        self.texts.append(TextElement(kind, round(x, 1), round(y, 1), text, anchor))

    def _add(self, kind: str, d: str, start: str = "") -> None:
        if d:
            self.paths.append(PathElement(kind, start + d))


def _points(x: ArrayLike, y: ArrayLike) -> list[tuple[str, str]]:
    points = np.column_stack(np.broadcast_arrays(np.ravel(x), np.ravel(y)))
    known = points[np.isfinite(points).all(axis=1)]
    return [(_number(a), _number(b)) for a, b in known.tolist()]


def _number(value: float) -> str:
    """Return a length as text, rounded to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
