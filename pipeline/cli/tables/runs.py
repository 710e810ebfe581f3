"""The output of `runs`."""

from collections.abc import Sequence

from pipeline.cli.tables.console import make_table, show
from pipeline.core.settings import comma_separated
from pipeline.kaggle import receipts
from pipeline.kaggle.leaderboard import SubmittedRun
from pipeline.report.texts import lambda_text

_STATES = {
    receipts.SENDING: "interrupted",
    receipts.PENDING: "pending",
    receipts.COMPLETE: "no score",
    receipts.ERROR: "failed",
}


def show_runs(runs: Sequence[SubmittedRun]) -> None:
    """Print the scores of runs under cross-validation and on the leaderboard."""
    table = make_table(
        ["run", "model"], ["folds", "λ", "hidden", "seeds", "CV", "leaderboard"]
    )
    for each in runs:
        run = each.run
        table.add_row(
            run.run_id + (" (edited)" if run.is_edited else ""),
            run.final.model,
            str(run.settings.folds),
            lambda_text(run.best_lambda),
            comma_separated(run.settings.hidden) if run.has_networks else "",
            "" if run.blended else str(run.settings.seeds),
            f"{run.final.pooled:.4f}",
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
