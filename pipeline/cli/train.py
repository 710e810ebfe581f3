"""The command `train`: cross-validate models and save their blend as a run."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.analysis import advice
from pipeline.cli import console
from pipeline.cli.options import Force, Json, Root, Scheduler, takes_settings
from pipeline.cli.progress import progress, steps
from pipeline.core import numbers
from pipeline.core.files import write_atomically
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.core.settings import NETWORKS, Settings, comma_separated
from pipeline.data.schema import Schema
from pipeline.runs.record import Diverged, LargestError, Run, run_schema
from pipeline.stages import up_to_date
from pipeline.tuning.plan import check_scheduler

if TYPE_CHECKING:  # it takes seconds to load
    from mlflow.entities import Experiment

_BEST = "bold green"


@takes_settings()
def train(
    settings: Settings,
    root: Root = Path(),
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Parallel jobs (default: one per core)."),
    ] = None,
    backend: Annotated[
        Literal["threads", "dask"],
        typer.Option(help="Fit the models in local threads or on a Dask cluster."),
    ] = "threads",
    scheduler: Scheduler = None,
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
    check_scheduler(backend, scheduler)
    project = Project(root)
    experiment = _connect(hidden=as_json) if track else None
    with progress(hidden=as_json) as callback:
        outcome = up_to_date.train(
            project,
            settings,
            callback,
            jobs=jobs,
            scheduler=scheduler,
            force=force,
            note=note,
        )
    if id_file:
        write_atomically(id_file, f"{outcome.result.run_id}\n")
    if not as_json:
        show_scores(outcome.result)
    tracked = None
    if experiment:
        from pipeline.runs.tracking import log

        with steps(hidden=as_json):
            tracked = log(outcome.result, experiment)
    if as_json:
        document = outcome.result.to_json()
        console.print_json({**document, "skipped": outcome.skipped, "tracked": tracked})
        return
    if tracked:
        console.say(
            "Logged: {store}, experiment {experiment}, run {run}".format(**tracked)
        )
    if note and outcome.result.note != note:
        console.say(
            "The note is not saved: a finished run never changes. --force trains again"
        )
    console.say(f"{console.saved(outcome)}. {console.next_step('submit', root)}")


def _connect(*, hidden: bool) -> "Experiment":
    """Connect to MLflow before training, so that a wrong address fails early."""
    with steps(hidden=hidden):
        announce(LOADING)
        from pipeline.runs.tracking import connect

        return connect()


def show_scores(run: Run) -> None:
    """Print fold scores, differences, largest errors and the expected score."""
    _show_folds(run)
    if NETWORKS in run.models:
        console.say(_networks(run.settings))
    for line in (*_excluded(run.diverged), *advice.difference_lines(run)):
        console.say(line)
    for sentence in _hints(run):
        console.say_wrapped(sentence)
    if run.about_choice:
        console.say_wrapped(run.about_choice)
    schema = run_schema(run)
    _show_largest_errors(run.largest_errors, schema)
    expected = run.forecast
    where = "leaderboard" if schema.competition else "test rows"
    console.say_wrapped(
        f"Expected on the {where} of the mean of {run.settings.folds} folds' models: "
        f"{numbers.score_text(expected.estimate)} "
        f"(90 % interval {numbers.interval_text(expected.low, expected.high)})"
    )
    if schema.features:
        console.say("Not in the interval: choices made on these rows (docs/score.md)")
    for where, peers in advice.comparison(run).items():
        scores = ", ".join(
            f"{peer.name} {numbers.score_text(peer.score)}" for peer in peers
        )
        console.say_wrapped(f"To compare, {where}: {scores}")


def _show_folds(run: Run) -> None:
    """Print a row for each candidate and for the blend, and the blend's weights."""
    folds, several = run.settings.folds, len(run.scores) > 1
    table = console.make_table(
        ["model"], [*numbers.fold_names(folds), "mean ± sd", "pooled", "seconds"]
    )
    for score in run.scores:
        marked = score == run.final
        table.add_row(
            score.title + (" ◂" if marked else "  "),
            *numbers.fold_texts(score.folds),
            numbers.mean_text(score.mean, score.std, short=folds > numbers.FEW_FOLDS),
            numbers.score_text(score.pooled),
            f"{score.seconds:.1f}",
            style=_BEST if marked and several else None,
        )
    console.show(f"{run.metric_title} of {folds} folds, lower is better", table)
    if run.is_blend:
        weights = numbers.weights_text(run.weights)
        console.say_wrapped(f"Weights of the blend: {weights}")


def _networks(settings: Settings) -> str:
    """Return how the networks were trained, much of which may follow from the rows."""
    return (
        f"Networks: {settings.steps:,} steps in {settings.epochs:,} epochs, "
        f"hidden layers {comma_separated(settings.hidden)}, "
        f"dropout {settings.dropout:g}"
    )


def _hints(run: Run) -> Iterator[str]:
    for hint in advice.hints(run):
        yield f"{hint.text} `{hint.command}`"
    if sentences := advice.candidate_advice(run):
        yield sentences


def _excluded(diverged: Sequence[Diverged]) -> Iterator[str]:
    """Yield a line per failed candidate; it names the network that failed first."""
    for label, group in groupby(diverged, lambda failure: failure.label):
        first, *others = sorted(group, key=lambda failure: failure.epoch)
        more = f" and {len(others)} more, see run.json" if others else ""
        yield (
            f"{label} is excluded: network {first.seed + 1} of fold "
            f"{first.fold} diverged in epoch {first.epoch}{more}"
        )


def _show_largest_errors(rows: Sequence[LargestError], schema: Schema) -> None:
    loss = METRICS[schema.metric].loss.name
    words = [schema.ceiling] if schema.ceiling else []
    right = [schema.target, "prediction", f"share of {loss}"]
    table = console.make_table([schema.id_name, *words], right)
    for row in rows:
        table.add_row(
            str(row.id),
            *([row.place or "missing"] if words else []),
            *map(numbers.target_text, (row.actual, row.prediction)),
            f"{row.share:.1%}",
        )
    share = sum(row.share for row in rows)
    console.show(f"The {len(rows)} largest errors: {share:.0%} of all {loss}", table)
