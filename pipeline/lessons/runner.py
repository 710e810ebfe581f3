"""Run lessons reproducibly and save their charts."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from time import perf_counter

import torch

from pipeline.core.errors import UserError
from pipeline.core.progress import announce
from pipeline.lessons import LESSONS, Lesson, matplotlib_charts
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import LessonOutcome, LessonResult
from pipeline.network.threads import one_thread

BOTH = "both"
HEADINGS = {"scratch": "From scratch", "torch": "With torch"}


def find_lessons(name: str, config: LessonConfig) -> dict[Lesson, LessonConfig]:
    """Return the lesson of a name, or all lessons, each with its options.

    All lessons are in the order of the book, but those that need images come last, so
    that the others run where there are none.

    Raises:
        UserError: The lesson does not exist, or an option is not one of the lesson.
    """
    if name == "all":
        ordered = sorted(LESSONS.values(), key=lambda lesson: lesson.images)
        return {lesson: config.only(lesson) for lesson in ordered}
    if name not in LESSONS:
        raise UserError(f"no lesson {name!r}; there are: {', '.join(LESSONS)}")
    config.check(LESSONS[name])
    return {LESSONS[name]: config}


def implementations(lesson: Lesson, impl: str) -> tuple[str, ...]:
    """Return the implementations to run: both, one, or the only one of a lesson."""
    if not lesson.two_sided:
        return (BOTH,)
    return (*HEADINGS,) if impl == BOTH else (impl,)


def run_lesson(lesson: Lesson, config: LessonConfig) -> LessonResult:
    """Run a lesson in one implementation.

    Args:
        lesson: One of `LESSONS`.
        config: Its options. The charts are saved in the project's reports/lessons.

    Raises:
        UserError: The data of the lesson is missing or invalid.
    """
    start = perf_counter()
    with reproducible(config.seed):
        outcome: LessonOutcome = import_module(lesson.module).run(config)
    announce("drawing the figures")
    paths = []
    for chart in outcome.charts:
        name = f"{lesson.name}-{config.impl}-{chart.name}.png"
        paths.append(config.project.reports / "lessons" / name)
        matplotlib_charts.save(chart, paths[-1])
    seconds = perf_counter() - start
    return LessonResult(
        lesson, config.impl, outcome.measurements, paths, outcome.seen, seconds
    )


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seed torch and use one thread; restore both afterwards."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
