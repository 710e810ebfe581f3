"""How a lesson is asked to run."""

from dataclasses import dataclass
from pathlib import Path

import torch

from pipeline.core.paths import Project
from pipeline.lessons.result import Band, Row


@dataclass(frozen=True)
class Setting:
    """One run of a lesson: `impl` is scratch or torch, or both where there is one way.

    `epochs` None means the book's number.
    """

    impl: str
    seed: int
    epochs: int | None
    data: Path | None
    project: Project

    def generator(self) -> torch.Generator:
        """A fresh source of randomness for data, initial weights and batches."""
        return torch.Generator().manual_seed(self.seed)

    def epochs_or(self, book: int) -> int:
        """The epochs to train for where the book trains for `book`."""
        return self.epochs or book

    def band(self, band: Band, *, book: int) -> Band | None:
        """The band, if the run is as long as the book's; other runs have none."""
        return band if self.epochs_or(book) == book else None

    def row(
        self, quantity: str, published: float, measured: float, band: Band, *, book: int
    ) -> Row:
        """A row of one published number."""
        return Row(quantity, f"{published:g}", measured, self.band(band, book=book))
