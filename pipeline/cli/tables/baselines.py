"""The ladder."""

from typing import Any

from pipeline.cli.tables.console import make_table, say, show
from pipeline.report.score_text import overall, texts


def show_ladder(record: dict[str, Any]) -> None:
    """The rungs from the bottom up, and what each bought over the last."""
    rungs = record["rungs"]
    folds = [str(number) for number in range(1, 6)]
    right = [*folds, "mean ± sd", "pooled", "bought", "s"]
    table = make_table(["rung"], right)
    last = None
    for rung in rungs:
        pooled = rung["pooled"]
        bought = "" if None in (last, pooled) else f"{last - pooled:+.4f}"
        last = pooled
        table.add_row(
            rung["name"],
            *texts(rung["folds"], short=True),
            *overall(rung, short=True),
            bought,
            f"{rung['seconds']:.0f}",
        )
    show("The ladder: log-RMSE of 5 folds, lower is better", table)
    for rung in rungs:
        if rung["accuracy"] is not None:
            say(f"{rung['name']}: right band for {rung['accuracy']:.0%} of the houses")
    say(
        "book: on contiguous folds of its own, as printed; all others share their folds"
    )
