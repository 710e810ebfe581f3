"""What a lesson hands back: rows of published against measured, and its pictures.

A band is what a fresh run may measure and still count as a reproduction. The published
runs are few and unseeded, so a band is their range, widened by one of two rules:

- An accuracy by a fixed tolerance. The training accuracy averages an epoch's 60,000
  answers and repeats closely: 0.006, three times its standard deviation over 8 seeds
  (0.002 for dropout, less elsewhere). The test accuracy is taken after one step of a
  large learning rate: the published rows themselves move by 0.02 from one late epoch
  to the next (section 3.10: .842 to .818; the seed: .847 to .867), so 0.02.
- A loss, or anything else of one drawn data set, by three times its standard deviation
  over 200 seeds: `spread`, or `decades` (of its log10) where it is a matter of scale.
  Both runs have that spread, so that is two standard deviations of their difference.
  Each lesson gives the figure beside the published value.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.lessons.charts import Chart

TRAIN_TOLERANCE = 0.006
TEST_TOLERANCE = 0.02

Band = tuple[float, float]


def around(*published: float, spread: float) -> Band:
    """The published range, widened by three times a standard deviation."""
    return min(published) - 3 * spread, max(published) + 3 * spread


def scale_around(*published: float, decades: float) -> Band:
    """The published range, widened by three times a standard deviation of the log10."""
    factor = 10 ** (3 * decades)
    return min(published) / factor, max(published) * factor


@dataclass(frozen=True)
class Row:
    """One quantity, as published and as measured here."""

    quantity: str
    published: str
    measured: float | str
    band: Band | None = None

    @property
    def inside(self) -> bool | None:
        """Whether the measurement lies in the band; None where there is no band."""
        if self.band is None or isinstance(self.measured, str):
            return None
        low, high = self.band
        return low <= self.measured <= high


@dataclass(frozen=True)
class Claim:
    """A statement about a line of code, and what was observed when it ran."""

    quantity: str
    published: str
    measured: str
    inside: bool
    band: None = None


class StageResult(NamedTuple):
    """What one run of a lesson found."""

    rows: Sequence[Row | Claim]
    charts: Sequence[Chart] = ()


@dataclass(frozen=True)
class LessonResult:
    """A finished lesson in one implementation, its pictures written."""

    lesson: str
    impl: str
    rows: Sequence[Row | Claim]
    figures: Sequence[Path]
    seconds: float

    def record(self) -> dict[str, object]:
        """The result as a JSON object; an open end or a diverged value is null."""
        rows = [asdict(row) | {"inside": row.inside} for row in self.rows]
        for row in rows:
            row["measured"] = _finite(row["measured"])
            row["band"] = row["band"] and [_finite(end) for end in row["band"]]
        return {
            "lesson": self.lesson,
            "impl": self.impl,
            "rows": rows,
            "figures": [str(path) for path in self.figures],
            "seconds": self.seconds,
        }


def _finite(value: float | str) -> float | str | None:
    return value if isinstance(value, str) or math.isfinite(value) else None
