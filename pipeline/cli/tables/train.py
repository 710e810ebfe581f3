"""What `train` reached: fold scores, the costliest houses, the score to expect."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pipeline.cli.tables.console import make_table, say, show
from pipeline.report.score_text import ROOMY, fold_names, fold_values, overall

_BEST = "bold green"


def show_scores(record: dict[str, Any]) -> None:
    """The table of fold scores, and the score to expect."""
    scores = record["scores"]
    folds = len(scores[0]["folds"])
    right = ["λ", *fold_names(folds), "mean ± sd", "pooled", "seconds"]
    table = make_table([], right)
    for score in scores:
        best = score["lambda"] == record["best_lambda"]
        table.add_row(
            f"{score['lambda']:g}" + (" ◂" if best else "  "),
            *fold_values(score["folds"]),
            *overall(score, short=folds > ROOMY),
            f"{score['seconds']:.1f}",
            style=_BEST if best and len(scores) > 1 else None,
        )
    show(f"log-RMSE of {folds} folds, lower is better", table)
    for line in _left_out(record["diverged"]):
        say(line)
    _show_costliest(record["costliest"])
    expected = record["forecast"]
    say(
        f"Expected on the leaderboard: {expected['estimate']:.4f} "
        f"(90 % interval {expected['low']:.4f} to {expected['high']:.4f}; "
        "a few houses rule it)"
    )


def _left_out(diverged: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each λ that has no score: which of its networks diverged first."""
    for weight_decay, group in groupby(diverged, lambda each: each["lambda"]):
        own = sorted(group, key=lambda each: each["epoch"])
        more = f" and {len(own) - 1} more, see run.json" if len(own) > 1 else ""
        yield (
            f"λ = {weight_decay:g} is left out: network {own[0]['seed'] + 1} of fold "
            f"{own[0]['fold'] + 1} diverged in epoch {own[0]['epoch']}{more}"
        )


def _show_costliest(houses: list[dict[str, Any]]) -> None:
    table = make_table(
        ["Id", "neighbourhood"], ["price", "prediction", "share of the score"]
    )
    for house in houses:
        table.add_row(
            str(house["Id"]),
            house["Neighborhood"] or "unknown",
            f"{house['SalePrice']:,.0f}",
            f"{house['prediction']:,.0f}",
            f"{house['share']:.1%}",
        )
    share = sum(house["share"] for house in houses)
    show(
        f"The {len(houses)} houses that cost most: {share:.0%} of all squared error",
        table,
    )
