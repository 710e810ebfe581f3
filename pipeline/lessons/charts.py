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
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Picture:
    """A classified grey image: pixels [height][width] from 0 to 1, and a caption."""

    pixels: Sequence[Sequence[float]]
    caption: str
    correct: bool


@dataclass(frozen=True)
class Images:
    """A grid of images, five per row; wrong classifications are in red."""

    name: str
    title: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Bars:
    """A chart of horizontal bars, the first at the top."""

    name: str
    title: str
    x_label: str
    labels: Sequence[str]
    values: Sequence[float]


Chart = Lines | Images | Bars
