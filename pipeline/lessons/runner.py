"""Run a lesson: its cells from top to bottom, as a notebook does."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from pipeline.lessons import LESSONS, SIDES, Lesson, find_lesson
from pipeline.lessons.show import Answer, Picture, Row, Seen, Shown, Table, viewers
from pipeline.network.threads import one_thread

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
    """What a lesson showed in one implementation; the pictures by their paths."""

    lesson: Lesson
    impl: str
    rows: Sequence[Row]
    figures: Mapping[Path, Picture]
    seen: Sequence[str]
    seconds: float
    answers: Sequence[Answer] = ()

    def record(self) -> dict[str, object]:
        """Return the result for JSON; numbers that are not finite become null."""
        record = {
            "lesson": self.lesson.name,
            "impl": self.impl,
            "rows": [row._asdict() for row in self.rows],
            "figures": [str(path) for path in self.figures],
            "seen": self.seen,
            "answers": [answer._asdict() for answer in self.answers],
            "to_try": self.lesson.to_try,
            "seconds": self.seconds,
        }
        return dict(json.loads(json.dumps(record), parse_constant=lambda _: None))


def find_lessons(name: str, options: Mapping[str, Any]) -> list[Lesson]:
    """Return the lesson of a name, or all lessons.

    All lessons are in the order of the book, but those that need images come last, so
    that the others run where there are none.

    Raises:
        UserError: The lesson does not exist or does not have an option, or a value is
            not allowed.
    """
    if name == "all":
        lessons = sorted(LESSONS.values(), key=lambda lesson: lesson.needs_images)
    else:
        lessons = [find_lesson(name)]
    for key in [key for key in OPTIONS if key in options]:
        option, is_allowed, needed = OPTIONS[key]
        values = options[key] if isinstance(options[key], tuple) else (options[key],)
        for value in [value for value in values if not is_allowed(value)]:
            raise UserError(f"{option} {value:g}: must be {needed}")
        having = [
            lesson.name for lesson in LESSONS.values() if key in lesson.parameters
        ]
        if name not in ("all", *having):
            raise UserError(
                f"{option}: {name} does not have it; lessons that do: "
                f"{', '.join(having)}"
            )
    return lessons


def implementations(lesson: Lesson, impl: str) -> tuple[str, ...]:
    """Return the implementations to run: both, one, or the only one of a lesson."""
    if not lesson.is_two_sided:
        return ("both",)
    return SIDES if impl == "both" else (impl,)


def run_lesson(
    lesson: Lesson,
    impl: str,
    options: Mapping[str, Any],
    *,
    say: Callable[[str], object] = lambda _: None,
) -> Result:
    """Run a lesson in one implementation, and save its pictures in reports/lessons.

    Args:
        lesson: The lesson.
        impl: "scratch" or "torch"; "both" for lessons with one implementation.
        options: Values that replace those of the lesson's parameters, if it has them.
            ROOT, the project's folder, is always needed.
        say: Called with each line that the lesson prints.

    Raises:
        UserError: The data of the lesson is missing or invalid.
    """
    start, shown, project = perf_counter(), list[Shown](), Project(options["ROOT"])
    names: dict[str, Any] = {"__name__": "__main__", "print": say}
    with reproducible(options.get("SEED", 0)), viewing(shown.append):
        for cell in lesson.cells:
            if cell.is_prose:
                announce(cell.heading)
            elif cell.is_of(impl):
                # With the lines above it, an error names the line of the file.
                source = "\n" * (cell.line - 1) + cell.source
                exec(compile(source, str(lesson.path), "exec"), names)
                names |= {x: options[x] for x in cell.parameters if x in options}
    figures = {}
    for picture in [picture for picture in shown if isinstance(picture, Picture)]:
        name = f"{lesson.name}-{impl}-{picture.name}.png"
        figures[project.reports / "lessons" / name] = picture
        write_atomically([*figures][-1], picture._repr_png_())
    rows = [row for table in shown if isinstance(table, Table) for row in table.rows]
    answers = [part for part in shown if isinstance(part, Answer)]
    sentences = [part for part in shown if isinstance(part, Seen)]
    seconds = perf_counter() - start
    return Result(lesson, impl, rows, figures, sentences, seconds, answers)


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
