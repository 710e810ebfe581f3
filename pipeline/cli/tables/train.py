"""The output of `train`: fold scores, largest errors, the expected score."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pipeline.cli.tables.console import make_table, say, say_wrapped, show
from pipeline.core.metrics import METRICS
from pipeline.core.numbers import score_text
from pipeline.core.settings import MLP
from pipeline.data.schema import Schema
from pipeline.report.choice import (
    better_alone,
    better_alone_command,
    compared,
    lambda_advice,
    told_apart,
)
from pipeline.report.peers import comparison
from pipeline.report.texts import (
    ROOMY,
    fold_names,
    fold_values,
    lambda_text,
    overall,
    value_text,
)
from pipeline.runs.record import DivergedNetwork, LargestError, ModelScore, Run
from pipeline.runs.schemas import run_schema

_BEST = "bold green"


def show_scores(run: Run) -> None:
    """Print fold scores, differences, largest errors and the expected score."""
    _show_folds(run)
    for line in (*_excluded(run.diverged), *_differences(run)):
        say(line)
    if model := better_alone(run):
        command = better_alone_command(run, model)
        say_wrapped(f"{model.model} alone is better than the blend: `{command}`")
    if (advice := lambda_advice(run)) is not None:
        say_wrapped(advice)
    if run.cv_corrected is not None:
        say(f"Corrected for the choice among λ: {score_text(run.cv_corrected)}")
    schema = run_schema(run)
    _show_largest_errors(run.largest_errors, schema)
    expected = run.forecast
    where = "leaderboard" if schema.competition else "test rows"
    say_wrapped(
        f"Expected on the {where}: {score_text(expected.estimate)} "
        f"(90 % interval {score_text(expected.low)} to {score_text(expected.high)}; "
        "a few rows dominate it)"
    )
    if schema.features:
        say("Not in the interval: choices made on these rows (docs/score.md)")
    for where, peers in comparison(run).items():
        scores = ", ".join(f"{each.name} {score_text(each.score)}" for each in peers)
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
    show(f"{run.metric_title} of {folds} folds, lower is better", table)


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
    gap, error = score.difference or 0.0, score.difference_error or 0.0
    return f"{score_text(gap, signed=True)} ± {score_text(error)}{verdict}"


def _excluded(diverged: Sequence[DivergedNetwork]) -> Iterator[str]:
    """Yield a line for each λ without a score, with the network that diverged first."""
    for weight_decay, group in groupby(diverged, lambda each: each.weight_decay):
        first, *others = sorted(group, key=lambda each: each.epoch)
        more = f" and {len(others)} more, see run.json" if others else ""
        yield (
            f"λ = {weight_decay:g} is excluded: network {first.seed + 1} of fold "
            f"{first.fold + 1} diverged in epoch {first.epoch}{more}"
        )


def _show_largest_errors(rows: Sequence[LargestError], schema: Schema) -> None:
    loss = METRICS[schema.metric].loss.name
    places = [schema.ceiling] if schema.ceiling else []
    table = make_table(
        [schema.id_name, *places], [schema.target, "prediction", f"share of {loss}"]
    )
    for each in rows:
        table.add_row(
            str(each.id),
            *([each.place or "missing"] if places else []),
            value_text(each.actual),
            value_text(each.prediction),
            f"{each.share:.1%}",
        )
    share = sum(each.share for each in rows)
    show(f"The {len(rows)} largest errors: {share:.0%} of all {loss}", table)
