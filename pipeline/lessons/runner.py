"""Run lessons reproducibly and save their charts."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from time import perf_counter

import torch

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.lessons import LESSONS, Lesson, matplotlib_charts
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import LessonOutcome, LessonResult
from pipeline.network.threads import one_thread


def run_lesson(
    name: str,
    impl: str,
    *,
    seed: int,
    epochs: int | None,
    data: Path | None,
    project: Project,
) -> list[LessonResult]:
    """Run a lesson in one implementation or in both.

    Args:
        name: Name of the lesson, a key of `LESSONS`.
        impl: "scratch", "torch" or "both". Lessons with one implementation ignore it.
        seed: Random seed of data, initial weights and batches.
        epochs: Number of training epochs; None means the book's.
        data: Fashion-MNIST directory; None searches the usual places.
        project: The charts are saved in its reports/lessons.

    Returns:
        One result per implementation.

    Raises:
        UserError: The lesson does not exist, or its data is missing or invalid.
    """
    if name not in LESSONS:
        raise UserError(f"no lesson {name!r}; there are: {', '.join(LESSONS)}")
    lesson = LESSONS[name]
    impls = ("scratch", "torch") if impl == "both" else (impl,)
    return [
        _run(lesson, LessonConfig(each, seed, epochs, data, project))
        for each in (impls if lesson.two_sided else ("both",))
    ]


def _run(lesson: Lesson, config: LessonConfig) -> LessonResult:
    start = perf_counter()
    with _reproducible(config.seed):
        outcome: LessonOutcome = import_module(lesson.module).run(config)
    paths = []
    for chart in outcome.charts:
        name = f"{lesson.name}-{config.impl}-{chart.name}.png"
        paths.append(config.project.reports / "lessons" / name)
        matplotlib_charts.save(chart, paths[-1])
    seconds = perf_counter() - start
    return LessonResult(lesson.name, config.impl, outcome.measurements, paths, seconds)


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seed torch and use one thread; restore both afterwards."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
