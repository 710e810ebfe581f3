"""The command `train`: cross-validate models and save their blend as a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.console import (
    ignore,
    make_table,
    next_step,
    print_json,
    saved,
    say,
    say_wrapped,
    show,
)
from pipeline.cli.options import Epochs, Folds, Force, Json, Root, split_values
from pipeline.cli.progress import steps, training_progress
from pipeline.core.files import write_atomically
from pipeline.core.metrics import METRICS
from pipeline.core.numbers import (
    FEW_FOLDS,
    fold_names,
    fold_texts,
    interval_text,
    lambda_text,
    mean_text,
    score_text,
    target_text,
)
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.core.settings import MLP, Settings, comma_separated

if TYPE_CHECKING:
    from pipeline.data.schema import Schema
    from pipeline.runs.record import DivergedNetwork, LargestError, Run
    from pipeline.runs.tracking import Tracker

_BEST = "bold green"
_DEFAULT = Settings()
# Options that take several values, such as `--lambda 0,1,5`.
_MODELS = [comma_separated(_DEFAULT.models)]
_LAMBDAS = [comma_separated(f"{value:g}" for value in _DEFAULT.lambdas)]
_HIDDEN = [comma_separated(_DEFAULT.hidden)]


def train(
    root: Root = Path(),
    models: Annotated[
        list[str],
        typer.Option(
            "--model", metavar="mlp,boosting", help="Models to train and to blend."
        ),
    ] = _MODELS,
    folds: Folds = _DEFAULT.folds,
    lambdas: Annotated[
        list[str],
        typer.Option(
            "--lambda",
            metavar="0,1,5",
            help="Weight decay λ of weights, not biases; several are compared.",
        ),
    ] = _LAMBDAS,
    seeds: Annotated[
        int, typer.Option(help="Networks (and boosted models) per fold, averaged.")
    ] = _DEFAULT.seeds,
    seed: Annotated[
        int, typer.Option(help="Random seed of folds, weights and batches.")
    ] = _DEFAULT.seed,
    epochs: Epochs = _DEFAULT.epochs,
    lr: Annotated[
        float, typer.Option(help="Peak learning rate (warm-up, then cosine decay).")
    ] = _DEFAULT.lr,
    hidden: Annotated[
        list[str],
        typer.Option(metavar="128,64", help="Widths of the hidden layers."),
    ] = _HIDDEN,
    dropout: Annotated[float, typer.Option(help="Dropout probability.")] = (
        _DEFAULT.dropout
    ),
    batch_size: Annotated[
        int, typer.Option(help="Rows per training step.")
    ] = _DEFAULT.batch_size,
    device: Annotated[
        Literal["cpu", "cuda", "mps", "auto"], typer.Option(help="Device to train on.")
    ] = "cpu",
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Parallel jobs (default: one per core)."),
    ] = None,
    track: Annotated[
        Literal["mlflow"] | None, typer.Option(help="Also log the run to MLflow.")
    ] = None,
    note: Annotated[
        str | None, typer.Option(help="A note about the run, shown by `runs`.")
    ] = None,
    id_file: Annotated[
        Path | None,
        typer.Option(help="Also write the run id to this file, for scripts."),
    ] = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Train models with K-fold cross-validation and save their blend as a run.

    Example: pipeline train --folds 10 --lambda 0,1,5
    """
    from pipeline.data import processed
    from pipeline.stages import up_to_date

    settings = Settings(
        models=split_values("--model", models, str),
        folds=folds,
        lambdas=split_values("--lambda", lambdas, float),
        seeds=seeds,
        seed=seed,
        epochs=epochs,
        lr=lr,
        hidden=split_values("--hidden", hidden, int),
        dropout=dropout,
        batch_size=batch_size,
        device=device,
    )
    project = Project(root)
    tracker = _tracker(hidden=as_json) if track else None
    progress = training_progress(
        settings, processed.metric_title(project), processed.cells(project)
    )
    with nullcontext(ignore) if as_json else progress as callback:
        outcome = up_to_date.train(
            project, settings, callback, jobs=jobs, force=force, note=note
        )
    if id_file:
        write_atomically(id_file, f"{outcome.result.run_id}\n")
    if not as_json:
        show_scores(outcome.result)
    tracked = None
    if tracker:
        with steps(hidden=as_json):
            tracked = tracker.log(outcome.result)
    if as_json:
        document = outcome.result.to_json()
        print_json({**document, "skipped": outcome.skipped, "tracked": tracked})
        return
    if tracked:
        say("Logged: {store}, experiment {experiment}, run {run}".format(**tracked))
    if note and outcome.result.note != note:
        say("The note is not saved: a finished run never changes. --force trains again")
    say(f"{saved(outcome)}. {next_step('submit', root)}")


def _tracker(*, hidden: bool) -> Tracker:
    """Connect to MLflow before training, so that a wrong address fails early."""
    with steps(hidden=hidden):
        announce(LOADING)
        from pipeline.runs.tracking import Tracker

        return Tracker.open()


def show_scores(run: Run) -> None:
    """Print fold scores, differences, largest errors and the expected score."""
    from pipeline.analysis import advice
    from pipeline.runs.schemas import run_schema

    _show_folds(run)
    for line in (*_excluded(run.diverged), *advice.difference_lines(run)):
        say(line)
    if model := advice.better_alone(run):
        command = advice.better_alone_command(run, model)
        say_wrapped(f"{model.model} alone is better than the blend: `{command}`")
    if sentences := advice.lambda_advice(run):
        say_wrapped(sentences)
    if run.cv_corrected is not None:
        say(f"Corrected for the choice among λ: {score_text(run.cv_corrected)}")
    schema = run_schema(run)
    _show_largest_errors(run.largest_errors, schema)
    expected = run.forecast
    where = "leaderboard" if schema.competition else "test rows"
    say_wrapped(
        f"Expected on the {where}: {score_text(expected.estimate)} "
        f"(90 % interval {interval_text(expected.low, expected.high)}; "
        "a few rows dominate it)"
    )
    if schema.features:
        say("Not in the interval: choices made on these rows (docs/score.md)")
    for where, peers in advice.comparison(run).items():
        scores = ", ".join(f"{peer.name} {score_text(peer.score)}" for peer in peers)
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
            *fold_texts(score.folds),
            mean_text(score.mean, score.std, short=folds > FEW_FOLDS),
            score_text(score.pooled),
            f"{score.seconds:.1f}",
            style=_BEST if marked and several else None,
        )
    show(f"{run.metric_title} of {folds} folds, lower is better", table)


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
    words = [schema.ceiling] if schema.ceiling else []
    table = make_table(
        [schema.id_name, *words], [schema.target, "prediction", f"share of {loss}"]
    )
    for row in rows:
        table.add_row(
            str(row.id),
            *([row.place or "missing"] if words else []),
            target_text(row.actual),
            target_text(row.prediction),
            f"{row.share:.1%}",
        )
    share = sum(row.share for row in rows)
    show(f"The {len(rows)} largest errors: {share:.0%} of all {loss}", table)
