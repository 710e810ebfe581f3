"""The charts of linear regression: the loss, and the data with the fitted line."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from pipeline.lessons.charts import Level, Line, Lines

SHOWN = 200  # rows; more would hide the line


class Published(NamedTuple):
    """The results printed in a section: the loss of each epoch, and w₁, w₂, b."""

    section: str
    losses: tuple[float, ...]
    coefficients: tuple[float, float, float]


def losses(
    impl: str, measured: Sequence[float], published: Published, floor: float
) -> Lines:
    """Return a chart of the loss of each epoch; `floor` is that of the noise alone."""
    rows = "all rows" if impl == "scratch" else "the last ten rows"
    return Lines(
        "loss",
        f"Linear regression ({impl}): loss of {rows} after each epoch",
        "epoch",
        "loss (squared units of y)",
        [
            Line.by_epoch("measured", measured),
            Line.by_epoch(
                f"section {published.section}", published.losses, dashed=True
            ),
        ],
        level=Level(floor, "expected loss of the noise alone"),
        log_y=True,
    )


def data_and_line(
    impl: str, X: Tensor, y: Tensor, coefficients: Sequence[float]
) -> Lines:
    """Return a chart of y against x₂, without the part of x₁, and the fitted line."""
    w1, w2, b = coefficients
    x = X[:SHOWN, 1].tolist()
    rest = (y[:SHOWN, 0] - w1 * X[:SHOWN, 0]).tolist()
    ends = [min(x), max(x)]
    return Lines(
        "line",
        f"Linear regression ({impl}): {SHOWN} rows and the fitted line",
        "x₂",
        "y - w₁ x₁",
        [
            Line("rows", x, rest, dots=True),
            Line(
                f"w₂ x₂ + b = {w2:.4f} x₂ + {b:.4f}", ends, [w2 * e + b for e in ends]
            ),
        ],
    )
