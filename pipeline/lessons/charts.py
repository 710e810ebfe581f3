"""Charts described as plain data; `matplotlib_charts` draws them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One curve; `dots` draws its points alone, `band` the range that it lies in.

    A dashed curve is the counterpart of a solid one: the first dashed has the colour of
    the first solid, and so on.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    dots: bool = False
    dashed: bool = False
    band: tuple[Sequence[float], Sequence[float]] | None = None

    @classmethod
    def by_epoch(
        cls, label: str, values: Sequence[float], *, dashed: bool = False
    ) -> "Line":
        """A curve with a value for each epoch, the first being epoch 1."""
        return cls(label, range(1, len(values) + 1), values, dashed=dashed)


@dataclass(frozen=True)
class Mark:
    """A point of a chart that the reader is meant to see first."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Lines:
    """Curves over one pair of axes, whose labels carry their units."""

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
    """A grey image, 0 to 1, row by row, and what is said of it."""

    pixels: Sequence[Sequence[float]]
    caption: str
    right: bool


@dataclass(frozen=True)
class Images:
    """Small pictures in rows of five; wrong ones stand out."""

    name: str
    title: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Bars:
    """A bar a label, from the top down, each with plus and minus its error."""

    name: str
    title: str
    x_label: str
    labels: Sequence[str]
    values: Sequence[float]
    errors: Sequence[float]


Chart = Lines | Images | Bars
