"""The options of a lesson."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.lessons import LESSONS, Lesson
from pipeline.lessons.result import Interval, Measurement

# The fields that not all lessons have, and their options.
OPTIONS = {
    "epochs": "--epochs",
    "lr": "--lr",
    "hidden": "--hidden",
    "rates": "--rate",
    "weight_decays": "--lambda",
}


def _silent(_: str) -> None:
    """Print nothing."""


@dataclass(frozen=True)
class LessonConfig:
    """The options of one run of a lesson; None stands for the book's value.

    Attributes:
        impl: "scratch" or "torch"; "both" for lessons with one implementation.
        seed: Random seed of data, initial weights and batches.
        data: Fashion-MNIST directory; None searches the usual places.
        project: The project, for the house prices and for Fashion-MNIST.
        epochs: Number of training epochs.
        lr: Learning rate.
        hidden: Widths of the hidden layers.
        rates: Dropout rates of the hidden layers.
        weight_decays: Values of λ.
        say: Called with each line that the lesson prints while it runs.

    Raises:
        UserError: A value is outside its range.
    """

    impl: str
    seed: int
    data: Path | None
    project: Project
    epochs: int | None = None
    lr: float | None = None
    hidden: tuple[int, ...] | None = None
    rates: tuple[float, ...] | None = None
    weight_decays: tuple[float, ...] | None = None
    say: Callable[[str], None] = _silent

    def __post_init__(self) -> None:
        _check("--lr", [self.lr], lambda lr: 0 < lr < float("inf"), "more than 0")
        _check("--hidden", self.hidden, lambda width: width >= 1, "1 or more")
        _check("--rate", self.rates, lambda rate: 0 <= rate < 1, "from 0 to below 1")
        _check("--lambda", self.weight_decays, lambda x: 0 <= x < 1e9, "0 or more")

    @property
    def given(self) -> list[str]:
        """The fields that differ from the book's values."""
        return [name for name in OPTIONS if getattr(self, name) is not None]

    def only(self, lesson: Lesson) -> "LessonConfig":
        """Return the config with the options that a lesson has."""
        others: dict[str, Any] = dict.fromkeys({*self.given} - {*lesson.options})
        return replace(self, **others)

    def check(self, lesson: Lesson) -> None:
        """Check that a lesson has all the options that are given.

        Raises:
            UserError: It has not.
        """
        for name in self.given:
            if name not in lesson.options:
                having = [x.name for x in LESSONS.values() if name in x.options]
                raise UserError(
                    f"{OPTIONS[name]}: {lesson.name} does not have it; lessons that "
                    f"do: {', '.join(having)}"
                )

    def generator(self, stream: int = 0) -> torch.Generator:
        """Return a new random number generator with the lesson's seed.

        Another stream of the same seed has other numbers: with one generator for the
        rows and a second one for the weights, both would begin with the same numbers.
        """
        return torch.Generator().manual_seed(self.seed + 1_000_003 * stream)

    def epochs_or(self, book: int) -> int:
        """Return the number of epochs, `book` unless another one was asked for."""
        return self.epochs or book

    def tolerance(self, interval: Interval, *, book: int) -> Interval | None:
        """Return the interval if the options are the book's, or None."""
        is_book = not {*self.given} - {"epochs"} and self.epochs_or(book) == book
        return interval if is_book else None

    def compare(
        self,
        quantities: Iterable[str],
        published: Iterable[float],
        measured: Iterable[float],
        intervals: Iterable[Interval | None],
        *,
        book: int,
    ) -> list[Measurement]:
        """Return the measurements of quantities that are published as numbers.

        They end with the shortest argument, because a run may have fewer or more epochs
        than the book's. Where an interval is None there is no tolerance.
        """
        return [
            Measurement(
                name,
                f"{number:g}",
                value,
                None if ends is None else self.tolerance(ends, book=book),
            )
            for name, number, value, ends in zip(
                quantities, published, measured, intervals, strict=False
            )
        ]


def _check(
    option: str,
    values: Iterable[float | None] | None,
    valid: Callable[[float], bool],
    needed: str,
) -> None:
    for value in values or ():
        if value is not None and not valid(value):
            raise UserError(f"{option} {value:g}: must be {needed}")
