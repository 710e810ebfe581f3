"""The lessons of the seed, in its order; a lesson's module is imported when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from pipeline.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.paths import Project
    from pipeline.lessons.result import LessonResult


@dataclass(frozen=True)
class Lesson:
    """A lesson's name, what it shows, and whether it is written scratch and torch."""

    name: str
    summary: str
    two_sided: bool = True

    @property
    def module(self) -> str:
        """Where the lesson is written."""
        return f"{__name__}.{self.name.replace('-', '_')}"


LESSONS = {
    lesson.name: lesson
    for lesson in (
        Lesson("tensors", "Which operations share memory, and which copy", False),
        Lesson("vectorization", "One operation on a whole array against a loop", False),
        Lesson("linear-regression", "A straight line by minibatch SGD"),
        Lesson("softmax-regression", "One layer tells ten kinds of clothes apart"),
        Lesson("mlp", "A hidden layer tells them apart better"),
        Lesson("model-selection", "Underfitting, overfitting, and K-fold's choice"),
        Lesson("weight-decay", "A penalty on the weights where columns outnumber rows"),
        Lesson("dropout", "Units left out at random while training"),
    )
}


def run_lesson(
    name: str,
    impl: str,
    *,
    seed: int,
    epochs: int | None,
    data: Path | None,
    project: Project,
) -> list[LessonResult]:
    """Run a lesson in `impl`: scratch, torch, or both one after the other.

    `epochs` None means the book's; `data` None looks for Fashion-MNIST where it may be.

    Raises:
        UserError: there is no such lesson, or its data is missing or broken.
    """
    if name not in LESSONS:
        raise UserError(f"no lesson {name!r}; there are: {', '.join(LESSONS)}")
    lesson = LESSONS[name]
    impls = ("scratch", "torch") if impl == "both" else (impl,)
    running = import_module("pipeline.lessons.running")
    return [
        running.run(lesson, i, seed=seed, epochs=epochs, data=data, project=project)
        for i in (impls if lesson.two_sided else ("both",))
    ]
