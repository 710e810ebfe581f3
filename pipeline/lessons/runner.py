"""Run a lesson: its cells from top to bottom, as a notebook does."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.lessons import LESSONS, Lesson, download
from pipeline.lessons.show import Picture, Row, Seen, Shown, Table, viewers
from pipeline.network.threads import one_thread

BOTH = "both"
# The parameters that only some lessons have, their options, and the values allowed.
OPTIONS: dict[str, tuple[str, Callable[[float], bool], str]] = {
    "EPOCHS": ("--epochs", lambda epochs: epochs >= 1, "1 or more"),
    "LR": ("--lr", lambda lr: 0 < lr < math.inf, "more than 0"),
    "HIDDEN": ("--hidden", lambda width: width >= 1, "1 or more"),
    "RATES": ("--rate", lambda rate: 0 <= rate < 1, "from 0 to below 1"),
    "LAMBDAS": ("--lambda", lambda decay: 0 <= decay < 1e9, "0 or more"),
}


@dataclass(frozen=True)
class Result:
    """What a lesson showed in one implementation."""

    lesson: Lesson
    impl: str
    rows: list[Row]
    pictures: list[Picture]
    seen: list[str]
    seconds: float
    figures: tuple[Path, ...] = ()

    def record(self) -> dict[str, object]:
        """Return the result for JSON; numbers that are not finite become null."""
        return {
            "lesson": self.lesson.name,
            "impl": self.impl,
            "rows": [
                {
                    "quantity": row.quantity,
                    "published": row.published,
                    "measured": _finite(row.measured),
                    "band": row.interval and [_finite(end) for end in row.interval],
                    "inside": row.inside,
                }
                for row in self.rows
            ],
            "figures": [str(path) for path in self.figures],
            "seen": self.seen,
            "to_try": self.lesson.to_try,
            "seconds": self.seconds,
        }


def find_lessons(
    name: str, options: Mapping[str, Any]
) -> list[tuple[Lesson, dict[str, Any]]]:
    """Return the lesson of a name, or all lessons, each with the options that it has.

    All lessons are in the order of the book, but those that need images come last, so
    that the others run where there are none.

    Raises:
        UserError: The lesson does not exist, or an option is not one of the lesson, or
            the value of an option is not allowed.
    """
    _check(options)
    if name == "all":
        lessons = sorted(LESSONS.values(), key=lambda lesson: lesson.needs_images)
    elif name not in LESSONS:
        raise UserError(f"no lesson {name!r}; there are: {', '.join(LESSONS)}")
    else:
        lessons = [LESSONS[name]]
        _check_known(lessons[0], options)
    return [
        (lesson, {key: options[key] for key in options if key in lesson.parameters})
        for lesson in lessons
    ]


def implementations(lesson: Lesson, impl: str) -> tuple[str, ...]:
    """Return the implementations to run: both, one, or the only one of a lesson."""
    if not lesson.sides:
        return (BOTH,)
    return lesson.sides if impl == BOTH else (impl,)


def run_lesson(
    lesson: Lesson,
    impl: str,
    options: Mapping[str, Any],
    *,
    say: Callable[[str], object] = lambda _: None,
) -> Result:
    """Run a lesson in one implementation.

    Args:
        lesson: The lesson.
        impl: "scratch" or "torch"; "both" for lessons with one implementation.
        options: Values of the lesson's parameters that replace those of its file,
            with SEED, DATA and ROOT where the lesson has them.
        say: Called with each line that the lesson prints.

    Raises:
        UserError: The data of the lesson is missing or invalid.
    """
    start, shown = perf_counter(), list[Shown]()
    if lesson.needs_images:
        folder = download.find_or_download(options["DATA"], Project(options["ROOT"]))
        options = {**options, "DATA": folder}
    names: dict[str, Any] = {"__name__": "__main__", "print": say}
    others = {"scratch", "torch"} - {impl} if lesson.sides else set()
    with reproducible(options.get("SEED", 0)), viewing(shown.append):
        for cell in lesson.cells:
            if cell.is_prose:
                announce(cell.heading or lesson.summary)
            elif not others & {*cell.tags}:
                # With the lines above it, an error names the line of the file.
                source = "\n" * (cell.line - 1) + cell.source
                exec(compile(source, str(lesson.path), "exec"), names)
                given = {x: options[x] for x in cell.parameters if x in options}
                names.update(given)
    return Result(
        lesson,
        impl,
        [row for table in shown if isinstance(table, Table) for row in table.rows],
        [picture for picture in shown if isinstance(picture, Picture)],
        [str(sentence) for sentence in shown if isinstance(sentence, Seen)],
        perf_counter() - start,
    )


def save_pictures(result: Result, project: Project) -> tuple[Path, ...]:
    """Save the pictures of a lesson in reports/lessons and return their paths."""
    paths = []
    for picture in result.pictures:
        name = f"{result.lesson.name}-{result.impl}-{picture.name}.png"
        paths.append(project.reports / "lessons" / name)
        write_atomically(paths[-1], picture._repr_png_())
    return tuple(paths)


@contextmanager
def viewing(viewer: Callable[[Shown], object]) -> Iterator[None]:
    """Call `viewer` with all that a lesson shows in the block."""
    viewers.append(viewer)
    try:
        yield
    finally:
        viewers.pop()


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seed torch and use one thread; restore both afterwards."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _check(options: Mapping[str, Any]) -> None:
    for key, (option, is_allowed, needed) in OPTIONS.items():
        values = options.get(key, ())
        for value in values if isinstance(values, tuple) else (values,):
            if not is_allowed(value):
                raise UserError(f"{option} {value:g}: must be {needed}")


def _check_known(lesson: Lesson, options: Mapping[str, Any]) -> None:
    for key, (option, *_) in OPTIONS.items():
        if key in options and key not in lesson.parameters:
            having = [x.name for x in LESSONS.values() if key in x.parameters]
            raise UserError(
                f"{option}: {lesson.name} does not have it; lessons that do: "
                f"{', '.join(having)}"
            )


def _finite(value: float | str) -> float | str | None:
    return value if isinstance(value, str) or math.isfinite(value) else None
