"""Next steps that the facts of a run suggest."""

from collections.abc import Iterator
from typing import NamedTuple

from pipeline.report.facts import Facts
from pipeline.runs.record import Run

_GRID = "--lambda 0 --lambda 1 --lambda 2 --lambda 5 --lambda 10 --lambda 20"
_UPLOAD = "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/submit"


class Advice(NamedTuple):
    """A sentence, and the command that does what it says, or none."""

    text: str
    command: str = ""


def advise(facts: Facts) -> list[Advice]:
    """Return the suggested next steps, the first one first."""
    return [*_submission(facts), *_weight_decay(facts.run), *_largest_errors(facts)]


def _submission(facts: Facts) -> Iterator[Advice]:
    run_id = facts.run.run_id
    if facts.leaderboard is not None:
        return
    if facts.submitted:
        yield Advice(f"Upload submissions/{run_id}.csv at {_UPLOAD}")
    else:
        yield Advice("Make the file for Kaggle:", f"pipeline submit --run {run_id}")


def _weight_decay(run: Run) -> Iterator[Advice]:
    """Suggest other values of λ if the best one is at the end of the grid."""
    if run.search is not None or not run.has_networks:
        return
    values, best = [each.decay for each in run.scored], run.best.decay
    if len(values) == 1:
        yield Advice(
            "Only one λ was tried. Try others:",
            f"pipeline train {_GRID}",
        )
    elif best == values[-1]:
        command = f"pipeline train --lambda {best:g} --lambda {2 * best + 1:g}"
        yield Advice("The best λ is the largest tried. Try larger ones:", command)
    elif best == values[0] > 0:
        command = f"pipeline train --lambda 0 --lambda {best / 2:g} --lambda {best:g}"
        yield Advice("The best λ is the smallest tried. Try smaller ones:", command)


def _largest_errors(facts: Facts) -> Iterator[Advice]:
    share = facts.largest_errors["share"]
    yield Advice(
        f"Look at the largest errors: {len(share)} of {len(facts.houses):,} houses "
        f"make up {share.sum():.0%} of the squared error."
    )
