"""Runs a lesson on fixed ground: one thread, a fresh seed, the clock on."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from time import perf_counter

import torch

from pipeline.core.paths import Project
from pipeline.lessons import Lesson, matplotlib_charts
from pipeline.lessons.config import Setting
from pipeline.lessons.result import LessonResult, StageResult
from pipeline.network.threads import one_thread


def run(
    lesson: Lesson,
    impl: str,
    *,
    seed: int,
    epochs: int | None,
    data: Path | None,
    project: Project,
) -> LessonResult:
    """Run a lesson in one implementation and write its pictures."""
    start = perf_counter()
    with _fixed(seed):
        setting = Setting(impl, seed, epochs, data, project)
        outcome: StageResult = import_module(lesson.module).run(setting)
    paths = []
    for chart in outcome.charts:
        path = project.reports / "lessons" / f"{lesson.name}-{impl}-{chart.name}.png"
        matplotlib_charts.save(chart, path)
        paths.append(path)
    seconds = perf_counter() - start
    return LessonResult(lesson.name, impl, outcome.rows, paths, seconds)


@contextmanager
def _fixed(seed: int) -> Iterator[None]:
    """Seed torch and keep to one thread, and put both back afterwards."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
