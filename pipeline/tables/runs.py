"""The experiment table."""

from typing import Any

from pipeline.tables.console import make_table, show


def show_runs(records: list[dict[str, Any]]) -> None:
    """The experiment table, newest first."""
    table = make_table(
        ["run"],
        ["folds", "λ", "hidden", "seeds", "CV", "± sd", "seconds", "submission"],
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
            f"{best['pooled']:.4f}",
            f"{best['std']:.4f}",
            f"{record['seconds']:.0f}",
            "made" if record["submission"] else "–",
        )
    show("Runs, newest first", table)
