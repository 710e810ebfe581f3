"""What to do next with a run: the few things its facts suggest."""

from collections.abc import Iterator
from typing import NamedTuple

from pipeline.report.facts import Facts
from pipeline.report.figures.residuals import LARGEST_ERRORS
from pipeline.runs.record import Record

_GRID = "--lambda 0 --lambda 1 --lambda 2 --lambda 5 --lambda 10 --lambda 20"
_UPLOAD = "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/submit"


class Advice(NamedTuple):
    """A sentence, and the command that does what it says, if there is one."""

    text: str
    command: str = ""


def advise(facts: Facts) -> list[Advice]:
    """What to do next, the nearest first."""
    return [*_submission(facts), *_decay(facts.record), *_houses(facts)]


def _submission(facts: Facts) -> Iterator[Advice]:
    run_id = facts.record.run_id
    if facts.leaderboard is not None:
        return
    if facts.submitted:
        yield Advice(f"Upload submissions/{run_id}.csv at {_UPLOAD}")
    else:
        yield Advice("Make the file for Kaggle:", f"pipeline submit --run {run_id}")


def _decay(record: Record) -> Iterator[Advice]:
    """Where to look for a better weight decay."""
    if record.search is not None:
        return  # which looked for it already
    values = [each.value for each in record.scores]
    best = record.best.value
    if len(values) == 1:
        yield Advice(
            "Only one λ was tried; see whether another does better:",
            f"pipeline train {_GRID}",
        )
    elif best == values[-1]:
        command = f"pipeline train --lambda {best:g} --lambda {2 * best + 1:g}"
        yield Advice("The best λ is the largest tried; try larger ones:", command)
    elif best == values[0] > 0:
        command = f"pipeline train --lambda 0 --lambda {best / 2:g} --lambda {best:g}"
        yield Advice("The best λ is the least tried; try smaller ones:", command)


def _houses(facts: Facts) -> Iterator[Advice]:
    worst = facts.houses["share"].nlargest(LARGEST_ERRORS)
    yield Advice(
        f"Look at the houses that cost most: {len(worst)} of "
        f"{len(facts.houses):,} make {worst.sum():.0%} of the squared error."
    )
