"""The output of `train`: fold scores, largest errors, expected leaderboard score."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pipeline.cli.tables.console import make_table, say, show
from pipeline.report.texts import ROOMY, fold_names, fold_values, overall
from pipeline.runs.record import DivergedNetwork, LargestError, Run

_BEST = "bold green"


def show_scores(run: Run) -> None:
    """Print the fold scores of every λ, the largest errors and the expected score."""
    folds = run.settings.folds
    right = ["λ", *fold_names(folds), "mean ± sd", "pooled", "seconds"]
    table = make_table([], right)
    for score in run.scores:
        is_best = score.weight_decay == run.best_lambda
        table.add_row(
            f"{score.weight_decay:g}" + (" ◂" if is_best else "  "),
            *fold_values(score.folds),
            *overall(score, short=folds > ROOMY),
            f"{score.seconds:.1f}",
            style=_BEST if is_best and len(run.scores) > 1 else None,
        )
    show(f"log-RMSE of {folds} folds, lower is better", table)
    for line in _excluded(run.diverged):
        say(line)
    _show_largest_errors(run.largest_errors)
    expected = run.forecast
    say(
        f"Expected on the leaderboard: {expected.estimate:.4f} "
        f"(90 % interval {expected.low:.4f} to {expected.high:.4f}; "
        "a few houses dominate it)"
    )


def _excluded(diverged: Sequence[DivergedNetwork]) -> Iterator[str]:
    """Yield a line for each λ without a score, with the network that diverged first."""
    for weight_decay, group in groupby(diverged, lambda each: each.weight_decay):
        first, *others = sorted(group, key=lambda each: each.epoch)
        more = f" and {len(others)} more, see run.json" if others else ""
        yield (
            f"λ = {weight_decay:g} is excluded: network {first.seed + 1} of fold "
            f"{first.fold + 1} diverged in epoch {first.epoch}{more}"
        )


def _show_largest_errors(houses: Sequence[LargestError]) -> None:
    table = make_table(
        ["Id", "neighbourhood"], ["price", "prediction", "share of squared error"]
    )
    for each in houses:
        table.add_row(
            str(each.house),
            each.neighbourhood or "missing",
            f"{each.price:,.0f}",
            f"{each.prediction:,.0f}",
            f"{each.share:.1%}",
        )
    share = sum(each.share for each in houses)
    show(f"The {len(houses)} largest errors: {share:.0%} of all squared error", table)
