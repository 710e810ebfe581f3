"""The output of `runs`."""

from collections.abc import Sequence

from pipeline.cli.tables.console import make_table, show
from pipeline.core.settings import comma_separated
from pipeline.kaggle import receipts
from pipeline.kaggle.leaderboard import SubmittedRun

_STATES = {
    receipts.SENDING: "interrupted",
    receipts.PENDING: "pending",
    receipts.COMPLETE: "no score",
    receipts.ERROR: "failed",
}


def show_runs(runs: Sequence[SubmittedRun]) -> None:
    """Print the scores of runs under cross-validation and on the leaderboard."""
    table = make_table(
        ["run"],
        [
            *("folds", "λ", "hidden", "seeds", "seconds"),
            *("± sd", "CV", "leaderboard"),
        ],
    )
    for each in runs:
        run = each.run
        table.add_row(
            run.run_id + (" (edited)" if run.is_edited else ""),
            str(run.settings.folds),
            f"{run.best_lambda:g}",
            comma_separated(run.settings.hidden),
            str(run.settings.seeds),
            f"{run.seconds:.0f}",
            f"{run.best.std:.4f}",
            f"{run.best.pooled:.4f}",
            _leaderboard(each),
        )
    show("Runs, newest first", table)


def _leaderboard(run: SubmittedRun) -> str:
    """Return the leaderboard score, or the state of the submission."""
    if run.leaderboard is not None:
        return f"{run.leaderboard:.4f}"
    if run.receipt:
        return _STATES.get(run.receipt.status, "–")
    return "not submitted" if run.submission else "–"
