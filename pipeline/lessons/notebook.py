"""Show a lesson's results in a notebook: its table and its charts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pipeline.core.paths import Project
from pipeline.lessons import matplotlib_charts
from pipeline.lessons.charts import Chart
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import Claim, LessonOutcome, Measurement
from pipeline.lessons.runner import reproducible

ROOT = Path("../..")  # of the project, from docs/lessons


@dataclass(frozen=True)
class Table:
    """Published values beside measured ones."""

    measurements: Sequence[Measurement | Claim]

    def _repr_html_(self) -> str:
        names = ("quantity", "published", "measured", "tolerance", "within tolerance?")
        rows = [_cells(each) for each in self.measurements]
        lines = [_row("th", names), *(_row("td", row) for row in rows)]
        return "\n".join(["<table>", *lines, "</table>"])


@dataclass(frozen=True)
class Figure:
    """A chart, drawn when the notebook shows it."""

    chart: Chart

    def _repr_png_(self) -> bytes:
        return matplotlib_charts.png(self.chart)


@dataclass(frozen=True)
class Sentences:
    """What was seen."""

    texts: Sequence[str]

    def _repr_html_(self) -> str:
        return "\n".join(f"<p>{escape(text)}</p>" for text in self.texts)


def results(
    run: Callable[[LessonConfig], LessonOutcome], impl: str, *, seed: int = 0
) -> Iterator[Table | Figure | Sentences]:
    """Run a lesson reproducibly, print its epochs and yield what it shows.

    Args:
        run: The function `run` of a lesson, perhaps changed in the notebook.
        impl: "scratch" or "torch"; "both" for lessons with one implementation.
        seed: Random seed of data, initial weights and batches.

    Raises:
        UserError: The data of the lesson is missing or invalid.
    """
    config = LessonConfig(impl, seed, None, Project(ROOT), say=print)
    with reproducible(seed):
        outcome = run(config)
    yield Table(outcome.measurements)
    yield from map(Figure, outcome.charts)
    yield Sentences(outcome.seen)


def _cells(each: Measurement | Claim) -> tuple[str, ...]:
    measured, within = each.measured, each.within_tolerance
    return (
        each.quantity,
        each.published,
        measured if isinstance(measured, str) else f"{measured:.5g}",
        "" if each.tolerance is None else "{:.5g} to {:.5g}".format(*each.tolerance),
        "" if within is None else "yes" if within else "no",
    )


def _row(tag: str, cells: Sequence[str]) -> str:
    """Return a row of HTML; texts keep their line breaks."""
    texts = [escape(cell).replace("\n", "<br>") for cell in cells]
    return "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"
