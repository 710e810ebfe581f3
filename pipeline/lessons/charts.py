"""Charts described as plain data; `matplotlib_charts` draws them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One curve; `dots` draws its points without a line.

    A dashed curve is compared with a solid one: the first dashed curve has the colour
    of the first solid curve, and so on.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    dots: bool = False
    dashed: bool = False

    @classmethod
    def by_epoch(
        cls, label: str, values: Sequence[float], *, dashed: bool = False
    ) -> "Line":
        """Return a curve of one value per epoch, beginning with epoch 1."""
        return cls(label, range(1, len(values) + 1), values, dashed=dashed)


@dataclass(frozen=True)
class Band:
    """A shaded area between two curves; it has the colour of the curve of its index."""

    line: int
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Level:
    """A horizontal line, such as at the error of the noise that no model predicts."""

    y: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A highlighted point of a chart."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Lines:
    """A chart of curves; the labels of its axes include their units."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    mark: Mark | None = None
    level: Level | None = None
    bands: Sequence[Band] = ()
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Picture:
    """A grey image: pixels [height][width] from 0 to 1, and a caption."""

    pixels: Sequence[Sequence[float]]
    caption: str


@dataclass(frozen=True)
class Images:
    """A grid of images, five per row."""

    name: str
    title: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Bars:
    """A chart of horizontal bars, each with a text beside it, the first at the top."""

    name: str
    title: str
    x_label: str
    labels: Sequence[str]
    values: Sequence[float]
    texts: Sequence[str]


@dataclass(frozen=True)
class Matrix:
    """A square table of numbers from 0 to 100, a darker cell for a larger number.

    `labels` name its rows and its columns, in the same order.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    labels: Sequence[str]
    values: Sequence[Sequence[float]]


Chart = Lines | Images | Bars | Matrix
