"""Drawings as plain data, paths and texts, which a template writes as inline SVG.

A library's SVG (matplotlib's, say) has fonts, colours and identifiers of its own: it
follows neither the page's dark mode nor its print, and weighs ten times as much. Here a
drawing has shape only; each path and text has a kind, which is its class in page.css.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Path(NamedTuple):
    """A path of one kind, by SVG's path commands."""

    kind: str
    d: str


class Text(NamedTuple):
    """A text whose baseline starts, has its middle or ends at x, y."""

    kind: str
    x: float
    y: float
    text: str
    anchor: str


@dataclass
class Drawing:
    """Paths and texts on a canvas; points that are not finite are left out.

    title and desc say in words what it shows, for who cannot see it.
    """

    title: str
    desc: str
    width: int
    height: int
    paths: list[Path] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def line(self, kind: str, x: ArrayLike, y: ArrayLike) -> None:
        """A line through points; through one, a dot."""
        points = _points(x, y)
        end = "h0" if len(points) == 1 else ""
        self._add(kind, "L".join(f"{a} {b}" for a, b in points) + end, "M")

    def band(self, kind: str, x: ArrayLike, low: ArrayLike, high: ArrayLike) -> None:
        """The area between two lines."""
        above, below = _points(x, high), _points(x, low)
        self._add(kind, "L".join(f"{a} {b}" for a, b in [*above, *below[::-1]]), "M")

    def dots(self, kind: str, x: ArrayLike, y: ArrayLike) -> None:
        """Dots, each a line of no length; where many lie on one, one is drawn."""
        there = dict.fromkeys(_points(x, y))
        self._add(kind, "".join(f"M{a} {b}h0" for a, b in there))

    def rings(self, kind: str, x: ArrayLike, y: ArrayLike, radius: float) -> None:
        """Circles around points."""
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
        """A text."""
        self.texts.append(Text(kind, round(x, 1), round(y, 1), text, anchor))

    def _add(self, kind: str, d: str, start: str = "") -> None:
        if d:
            self.paths.append(Path(kind, start + d))


def _points(x: ArrayLike, y: ArrayLike) -> list[tuple[str, str]]:
    points = np.column_stack(np.broadcast_arrays(np.ravel(x), np.ravel(y)))
    known = points[np.isfinite(points).all(axis=1)]
    return [(_number(a), _number(b)) for a, b in known.tolist()]


def _number(value: float) -> str:
    """A length to a tenth of a unit, as short as can be."""
    return f"{value:.1f}".removesuffix(".0")
