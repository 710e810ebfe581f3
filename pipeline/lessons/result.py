"""The results of a lesson: measurements beside published values, and charts.

A tolerance is the interval in which a new run counts as a reproduction. The published
runs are few and unseeded, so a tolerance is their range, widened by one of two rules:

- Accuracies: by a fixed margin. The training accuracy is an average over the 60,000
  predictions of an epoch and varies little: 0.006 is three times its standard deviation
  over 8 seeds (0.002 for dropout, lower elsewhere). The test accuracy is measured after
  a single step with a large learning rate. The published values themselves change by
  0.02 between late epochs (section 3.10: .842 to .818; the original tutorial: .847 to
  .867), so the margin is 0.02.
- Losses, and other quantities that depend on one random data set: by three times the
  standard deviation over 200 seeds. `spread` is the standard deviation of the quantity,
  `decades` that of its log10, for quantities that vary by orders of magnitude. The
  published run and ours both vary by this much, so three of them are about two standard
  deviations of their difference. Each lesson gives the figure beside the published
  value.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.lessons import Lesson
from pipeline.lessons.charts import Chart

TRAIN_MARGIN = 0.006
TEST_MARGIN = 0.02

Interval = tuple[float, float]


def around(*published: float, spread: float) -> Interval:
    """Return the published range, widened by three standard deviations."""
    return min(published) - 3 * spread, max(published) + 3 * spread


def scale_around(*published: float, decades: float) -> Interval:
    """Return the published range, widened by three standard deviations of the log10."""
    factor = 10 ** (3 * decades)
    return min(published) / factor, max(published) * factor


@dataclass(frozen=True)
class Measurement:
    """One quantity, as published and as measured here.

    `tolerance` is None where the measurement is shown only for comparison.
    """

    quantity: str
    published: str
    measured: float | str
    tolerance: Interval | None = None

    @property
    def within_tolerance(self) -> bool | None:
        """Whether the measured value is in the tolerance; None if there is none."""
        if self.tolerance is None or isinstance(self.measured, str):
            return None
        low, high = self.tolerance
        return low <= self.measured <= high


@dataclass(frozen=True)
class Claim:
    """A published statement about a line of code, and what happened when it ran.

    `within_tolerance` is whether the statement holds.
    """

    quantity: str
    published: str
    measured: str
    within_tolerance: bool
    tolerance: None = None


class LessonOutcome(NamedTuple):
    """What the `run` function of a lesson returns.

    `seen` is what the measured values show, in one to three sentences.
    """

    measurements: Sequence[Measurement | Claim]
    charts: Sequence[Chart] = ()
    seen: Sequence[str] = ()


@dataclass(frozen=True)
class LessonResult:
    """The result of a lesson in one implementation; `figures` are the saved charts."""

    lesson: Lesson
    impl: str
    measurements: Sequence[Measurement | Claim]
    figures: Sequence[Path]
    seen: Sequence[str]
    seconds: float

    def record(self) -> dict[str, object]:
        """Return the result for JSON; numbers that are not finite become null."""
        return {
            "lesson": self.lesson.name,
            "impl": self.impl,
            "rows": [
                {
                    "quantity": each.quantity,
                    "published": each.published,
                    "measured": _finite(each.measured),
                    "band": each.tolerance and [_finite(end) for end in each.tolerance],
                    "inside": each.within_tolerance,
                }
                for each in self.measurements
            ],
            "figures": [str(path) for path in self.figures],
            "seen": list(self.seen),
            "to_try": [trial._asdict() for trial in self.lesson.to_try],
            "seconds": self.seconds,
        }


def _finite(value: float | str) -> float | str | None:
    return value if isinstance(value, str) or math.isfinite(value) else None
