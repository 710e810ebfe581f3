"""What a lesson shows: tables of published and measured values, sentences, pictures.

A notebook displays them, `pipeline lesson` collects them, and a plain Python process
prints them.
"""

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from io import BytesIO
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure


class Published(NamedTuple):
    """A published value as text, and the band in which a run reproduces it."""

    text: str
    low: float | None = None
    high: float = float("inf")


class Row(NamedTuple):
    """A quantity, published and measured, and whether the value is in its band."""

    quantity: str
    published: str
    measured: float | str
    band: tuple[float, float] | None = None
    inside: bool | None = None

    @property
    def cells(self) -> list[str]:
        """The row as five texts; a band with a single end says which."""
        value, tolerance = self.measured, ""
        if self.band:
            low, high = self.band
            tolerance = f"{low:.5g}" if low == high else f"{low:.5g} to {high:.5g}"
            if high == float("inf"):
                tolerance = f"at least {low:.5g}"
        text = value if isinstance(value, str) else f"{value:.5g}"
        inside = {None: "", True: "yes", False: "no"}[self.inside]
        return [self.quantity, self.published, text, tolerance, inside]


class Table(NamedTuple):
    """Published values beside measured ones."""

    rows: Sequence[Row]

    def __str__(self) -> str:
        return "\n".join(" | ".join(row.cells) for row in self.rows)

    def _repr_html_(self) -> str:
        names = ["quantity", "published", "measured", "tolerance", "within tolerance?"]
        lines = []
        for tag, cells in [("th", names), *(("td", row.cells) for row in self.rows)]:
            lines.append("".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells))
        return "<table>" + "".join(f"<tr>{line}</tr>\n" for line in lines) + "</table>"


class Seen(str):
    """A sentence about what was seen."""

    def _repr_markdown_(self) -> str:
        return self


class Answer(NamedTuple):
    """The right answer to a question of the lesson, computed from the run.

    Attributes:
        number: of the question.
        right: a letter, or a number.
        why: what was measured.
        within: how far from a right number a guess may be.
    """

    number: int
    right: str | float
    why: str
    within: float = 0.0

    def is_met(self, guess: str | float | None) -> bool:
        """Return whether a guess is right; None is no guess."""
        if isinstance(self.right, str) or not isinstance(guess, float):
            return guess == self.right
        return abs(guess - self.right) <= self.within

    def __str__(self) -> str:
        return self.why

    @property
    def text(self) -> str:
        """The right answer."""
        return f"({self.right})" if isinstance(self.right, str) else f"{self.right:.4g}"

    def _repr_markdown_(self) -> str:
        summary = f"Answer to guess {self.number}"
        return (
            f"<details><summary>{summary}</summary>\n\n{self.text} {self.why}\n"
            "</details>"
        )


class Picture(NamedTuple):
    """A figure of matplotlib, and its name."""

    name: str
    figure: Figure

    def _repr_png_(self) -> bytes:
        """Return a PNG 800 pixels wide; equal figures give equal bytes."""
        buffer = BytesIO()
        # The Software entry would make the bytes depend on matplotlib's version.
        self.figure.savefig(buffer, dpi=100, metadata={"Software": None})
        return buffer.getvalue()


Values = Mapping[str, float | str]
Shown = Table | Seen | Answer | Picture
# The last one is called. Jupyter makes `display` a builtin.
viewers: list[Callable[[Shown], object]] = [getattr(builtins, "display", print)]


def show(shown: Shown) -> None:
    """Show something where the lesson runs."""
    viewers[-1](shown)


def seen(*sentences: str) -> None:
    """Show what was seen."""
    show(Seen(" ".join(sentences)))


def answer(number: int, right: str | float, why: str, within: float = 0.0) -> None:
    """Show the right answer to a question, which a notebook folds."""
    show(Answer(number, right, why, within))


def letter(*conditions: bool) -> str:
    """Return the letter of the first condition that holds, or of what remains."""
    return "abcd"[[*conditions, True].index(True)]


def compare(
    published: Mapping[str, Published], measured: Values, *, book: bool = True
) -> None:
    """Show measured values beside the published ones.

    Args:
        published: Published values by quantity; a quantity may be missing.
        measured: Measured values by quantity, in the order of the rows.
        book: Whether the settings are the book's. Others have no tolerance.
    """
    rows = []
    for quantity, value in measured.items():
        text, low, high = published.get(quantity, Published(""))
        row = Row(quantity, text, value)
        if book and low is not None and not isinstance(value, str):
            row = row._replace(band=(low, high), inside=low <= value <= high)
        rows.append(row)
    show(Table(rows))


@contextmanager
def picture(name: str, title: str, x: str, y: str) -> Iterator[Axes]:
    """Yield the axes of a picture to draw on, and show the picture afterwards.

    Args:
        name: The name of the picture, for its file.
        title: The title above it.
        x: The label of the x axis, with its unit.
        y: The label of the y axis, with its unit.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=x, ylabel=y)
    axes.locator_params("x", integer=True, min_n_ticks=1)
    axes.grid(alpha=0.3)
    yield axes
    if axes.get_legend_handles_labels()[1]:
        axes.legend()
    show(Picture(name, figure))
