"""The experiment table."""

from typing import Any

from pipeline.cli.tables.console import make_table, show
from pipeline.kaggle import receipts

_STATES = {
    receipts.SENDING: "cut off",
    receipts.PENDING: "waiting",
    receipts.COMPLETE: "no score",
    receipts.ERROR: "failed",
}


def show_runs(records: list[dict[str, Any]]) -> None:
    """The experiment table, newest first, cross-validation beside the leaderboard."""
    table = make_table(
        ["run"],
        [
            *("folds", "λ", "hidden", "seeds", "seconds"),
            *("± sd", "CV", "leaderboard"),
        ],
    )
    for record in records:
        settings = record["settings"]
        best = next(s for s in record["scores"] if s["lambda"] == record["best_lambda"])
        table.add_row(
            record["run_id"] + (" (edited)" if record["edited"] else ""),
            str(settings["folds"]),
            f"{record['best_lambda']:g}",
            ",".join(map(str, settings["hidden"])),
            str(settings["seeds"]),
            f"{record['seconds']:.0f}",
            f"{best['std']:.4f}",
            f"{best['pooled']:.4f}",
            _leaderboard(record),
        )
    show("Runs, newest first", table)


def _leaderboard(record: dict[str, Any]) -> str:
    """Kaggle's score of a run, or how far it is on its way there."""
    if record["leaderboard"] is not None:
        return f"{record['leaderboard']:.4f}"
    if record["kaggle"]:
        return _STATES.get(record["kaggle"]["status"], "–")
    return "not sent" if record["submission"] else "–"
