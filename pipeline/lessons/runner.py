"""Run a lesson: its cells from top to bottom, as a notebook does."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.lessons import Lesson
from pipeline.lessons.show import Answer, Picture, Row, Seen, Shown, Table, viewers
from pipeline.network.threads import one_thread


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
