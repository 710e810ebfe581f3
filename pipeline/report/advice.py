"""Next steps that the facts of a run suggest."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from pipeline.core.command import train_command
from pipeline.report.choice import better_alone, better_alone_command
from pipeline.report.facts import Facts
from pipeline.runs.record import Run

_GRID = {0.0, 1.0, 2.0, 5.0, 10.0, 20.0}


class Advice(NamedTuple):
    """A sentence, and the command that does what it says, or none."""

    text: str
    command: str = ""


def advise(facts: Facts) -> list[Advice]:
    """Return the suggested next steps, the first one first."""
    run = facts.run
    steps = (
        _submission(facts),
        _alone(run),
        _weight_decay(run),
        _largest_errors(facts),
    )
    return [step for each in steps for step in each]


def _submission(facts: Facts) -> Iterator[Advice]:
    run_id = facts.run.run_id
    if facts.leaderboard is not None:
        return
    if facts.submitted:
        if facts.schema.upload:
            yield Advice(f"Upload submissions/{run_id}.csv at {facts.schema.upload}")
    else:
        yield Advice("Make the submission file:", f"pipeline submit --run {run_id}")


def _alone(run: Run) -> Iterator[Advice]:
    """Suggest a model that is better than the blend."""
    if model := better_alone(run):
        text = f"{model.model} alone is better than the blend:"
        yield Advice(text, better_alone_command(run, model))


def _weight_decay(run: Run) -> Iterator[Advice]:
    """Suggest other values of λ if the best one is at the end of the grid.

    All other settings stay those of the run, so that the scores can be compared.
    """
    if run.search is not None or not run.has_networks:
        return
    values, best = [each.decay for each in run.scored], run.best.decay
    if len(values) == 1:
        text, tried = "Only one λ was tried. Try others:", {*_GRID, best}
    elif best == values[-1]:
        text = "The best λ is the largest tried. Try larger ones:"
        tried = {best, 2 * best + 1}
    elif best == values[0] > 0:
        text = "The best λ is the smallest tried. Try smaller ones:"
        tried = {0.0, best / 2, best}
    else:
        return
    yield Advice(text, train_command(replace(run.settings, lambdas=tuple(tried))))


def _largest_errors(facts: Facts) -> Iterator[Advice]:
    share = facts.largest_errors["share"]
    yield Advice(
        f"Look at the largest errors: {len(share)} of {len(facts.rows):,} rows "
        f"make up {share.sum():.0%} of the {facts.metric.loss.name}."
    )
