"""The options of a lesson."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from pipeline.core.paths import Project
from pipeline.lessons.result import Interval, Measurement


@dataclass(frozen=True)
class LessonConfig:
    """The options of one run of a lesson.

    Attributes:
        impl: "scratch" or "torch"; "both" for lessons with one implementation.
        seed: Random seed of data, initial weights and batches.
        epochs: Number of training epochs; None means the book's.
        data: Fashion-MNIST directory; None searches the usual places.
        project: The project, for the house prices and for Fashion-MNIST.
    """

    impl: str
    seed: int
    epochs: int | None
    data: Path | None
    project: Project

    def generator(self) -> torch.Generator:
        """Return a new random number generator with the lesson's seed."""
        return torch.Generator().manual_seed(self.seed)

    def epochs_or(self, book: int) -> int:
        """Return the number of epochs, `book` unless another one was asked for."""
        return self.epochs or book

    def tolerance(self, interval: Interval, *, book: int) -> Interval | None:
        """Return the interval if the run has as many epochs as the book's, or None."""
        return interval if self.epochs_or(book) == book else None

    def compare(
        self,
        quantities: Iterable[str],
        published: Iterable[float],
        measured: Iterable[float],
        intervals: Iterable[Interval],
        *,
        book: int,
    ) -> list[Measurement]:
        """Return the measurements of quantities that are published as numbers.

        They end with the shortest argument, because a run may have fewer or more epochs
        than the book's.
        """
        return [
            Measurement(name, f"{number:g}", value, self.tolerance(ends, book=book))
            for name, number, value, ends in zip(
                quantities, published, measured, intervals, strict=False
            )
        ]
