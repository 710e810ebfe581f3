"""The output of `runs`: the list of runs, and a comparison of some."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.cli.tables.console import make_table, say, show
from pipeline.core.errors import one_line
from pipeline.core.numbers import score_text
from pipeline.kaggle import receipts
from pipeline.kaggle.leaderboard import SubmittedRun
from pipeline.report.identify import describe, distinguishing
from pipeline.runs.record import Run

if TYPE_CHECKING:  # pandas is not imported for a list of runs
    from pipeline.report.compare import Row

_STATES = {
    receipts.SENDING: "interrupted",
    receipts.PENDING: "pending",
    receipts.COMPLETE: "no score",
    receipts.ERROR: "failed",
}
_BEST = "bold green"
_TEXTS = ("command", "model", "note")  # left-aligned; all others are like numbers


def show_runs(runs: Sequence[SubmittedRun], selected: Run | None) -> None:
    """Print the scores of runs, and the settings in which they differ.

    Args:
        runs: the runs, newest first.
        selected: the run that `submit` uses by default.
    """
    described = [describe(each.run) for each in runs]
    names = distinguishing(described)
    left = [name for name in names if name in _TEXTS]
    right = [name for name in names if name not in _TEXTS]
    table = make_table(["run", *left], [*right, "CV", "leaderboard"])
    # Scores of another metric cannot be compared with those of the newest run.
    same = [each for each in runs if each.run.metric == runs[0].run.metric]
    best = min(same, key=lambda each: each.run.final.pooled, default=None)
    for each, texts in zip(runs, described, strict=True):
        run = each.run
        table.add_row(
            run.run_id + (" (edited)" if run.is_edited else ""),
            *(one_line(texts.get(name, "")) for name in [*left, *right]),
            score_text(run.final.pooled),
            _leaderboard(each),
            style=_BEST if each is best else None,
        )
    show("Runs, newest first, with the settings that differ", table)
    for line in _marks(best, selected) if best else ():
        say(line)


def _marks(best: SubmittedRun, selected: Run | None) -> Iterator[str]:
    """Yield which run is the best, and which one commands use by default."""
    yield (
        f"Lowest {best.run.metric_title}: {best.run.run_id}. "
        "`pipeline runs RUN RUN` says whether runs are told apart"
    )
    if selected:
        yield f"`submit`, `predict` and `report` use {selected.run_id} by default"


def show_comparison(run_ids: Sequence[str], rows: Sequence["Row"]) -> None:
    """Print the scores of runs, and the settings in which they differ, side by side."""
    table = make_table([""], run_ids)
    for row in rows:
        if row.differs:
            table.add_row(row.name, *row.cells)
    show("Runs compared; ± is the standard error over the same rows", table)
    same = sum(not row.differs for row in rows)
    say(f"{same} other settings and scores are the same")


def _leaderboard(run: SubmittedRun) -> str:
    """Return the leaderboard score, or the state of the submission."""
    if run.leaderboard is not None:
        return score_text(run.leaderboard)
    if run.receipt:
        return _STATES.get(run.receipt.status, "–")
    return "not submitted" if run.submission else "–"
