"""The output of `train`: fold scores, largest errors, expected leaderboard score."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pipeline.cli.tables.console import make_table, say, say_wrapped, show
from pipeline.core.settings import MLP
from pipeline.report.choice import compared, lambda_advice, told_apart
from pipeline.report.peers import comparison
from pipeline.report.texts import (
    ROOMY,
    fold_names,
    fold_values,
    lambda_text,
    overall,
)
from pipeline.runs.record import DivergedNetwork, LargestError, ModelScore, Run

_BEST = "bold green"


def show_scores(run: Run) -> None:
    """Print fold scores, differences, largest errors and the expected score."""
    _show_folds(run)
    for line in (*_excluded(run.diverged), *_differences(run)):
        say(line)
    if (advice := lambda_advice(run)) is not None:
        say_wrapped(advice)
    if run.cv_corrected is not None:
        say(f"Corrected for the choice among λ: {run.cv_corrected:.4f}")
    _show_largest_errors(run.largest_errors)
    expected = run.forecast
    say_wrapped(
        f"Expected on the leaderboard: {expected.estimate:.4f} "
        f"(90 % interval {expected.low:.4f} to {expected.high:.4f}; "
        "a few houses dominate it)"
    )
    say("Not in the interval: choices that people made on these rows (docs/score.md)")
    for where, peers in comparison(run).items():
        scores = ", ".join(f"{each.name} {each.score:.4f}" for each in peers)
        say_wrapped(f"To compare, {where}: {scores}")


def _show_folds(run: Run) -> None:
    """Print a row for each λ of the MLP, for each other model, and for the blend."""
    folds, several = run.settings.folds, len(run.scores) > 1
    names = ["model"] if run.models != (MLP,) else []
    right = ["λ", *fold_names(folds), "mean ± sd", "pooled", "seconds"]
    table = make_table(names, right)
    for score in run.scores:
        marked = score == run.final
        first = [score.model] if names else []
        first.append(lambda_text(score.weight_decay))
        first[0] += " ◂" if marked else "  "
        table.add_row(
            *first,
            *fold_values(score.folds),
            *overall(score, short=folds > ROOMY),
            f"{score.seconds:.1f}",
            style=_BEST if marked and several else None,
        )
    show(f"log-RMSE of {folds} folds, lower is better", table)


def _differences(run: Run) -> Iterator[str]:
    """Yield a line for each other λ, and for each model of a blend."""
    lambdas = compared(run)
    for score in lambdas:
        own, best = (lambda_text(each) for each in (score.decay, run.best_lambda))
        yield f"λ = {own} against λ = {best}: {_difference(score)}"
    for score in run.shown:
        if score not in lambdas and score.difference_error is not None:
            yield f"{score.model} against the blend: {_difference(score)}"


def _difference(score: ModelScore) -> str:
    verdict = "" if told_apart(score) else ": not told apart"
    return f"{score.difference:+.4f} ± {score.difference_error:.4f}{verdict}"


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
