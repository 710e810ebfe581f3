"""The progress of training."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from pipeline.cli.tables.console import err, say_err
from pipeline.core.settings import Settings

if TYPE_CHECKING:  # torch stays unloaded where all is up to date
    from pipeline.validation.parallel import Callback


@contextmanager
def training_progress(settings: Settings) -> Iterator["Callback"]:
    """Show a progress bar on standard error, with the score and the time left.

    Without a terminal, a line is printed after each quarter of the steps. Yields the
    callback for training.
    """
    counts = {"networks": settings.networks, "boosted models": settings.boosted}
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    columns = (
        TextColumn(" and ".join(parts)),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn("· mean log-RMSE {task.fields[score]} ·"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    latest: dict[int, list[float]] = {}
    quarters = {0}
    lock = Lock()  # the parts train in threads
    bar = err.is_interactive
    with Progress(*columns, console=err, transient=True, disable=not bar) as progress:
        task = progress.add_task("train", total=settings.steps, score="–")

        def callback(part: int, steps: int, scores: list[float]) -> None:
            with lock:
                if scores:
                    latest[part] = scores
                score = _mean(list(chain.from_iterable(latest.values())))
                progress.update(task, advance=steps, score=score)
                quarter = int(4 * progress.tasks[task].percentage / 100)
                if not bar and quarter not in quarters:
                    quarters.add(quarter)
                    say_err(f"trained {25 * quarter} % · mean log-RMSE {score}")

        yield callback


def _mean(scores: list[float]) -> str:
    """Return the mean of the finite scores, and the number of diverged networks."""
    finite = [score for score in scores if isfinite(score)]
    mean = f"{sum(finite) / len(finite):.4f}" if finite else "–"
    diverged = len(scores) - len(finite)
    return f"{mean}, {diverged} diverged" if diverged else mean
