"""The command `train`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.options import Epochs, Folds, Force, Json, Root, each
from pipeline.cli.output import ignore, next_step, print_json, saved
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.core.settings import Settings, comma_separated

if TYPE_CHECKING:
    from pipeline.runs.tracking import Tracker

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
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.progress import steps, training_progress
    from pipeline.cli.tables.train import show_scores
    from pipeline.data import processed
    from pipeline.stages import up_to_date

    settings = Settings(
        models=each("--model", models, str),
        folds=folds,
        lambdas=each("--lambda", lambdas, float),
        seeds=seeds,
        seed=seed,
        epochs=epochs,
        lr=lr,
        hidden=each("--hidden", hidden, int),
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


def _tracker(*, hidden: bool) -> "Tracker":
    """Connect to MLflow before training, so that a wrong address fails early."""
    from pipeline.cli.tables.progress import steps

    with steps(hidden=hidden):
        announce(LOADING)
        from pipeline.runs.tracking import Tracker

        return Tracker.open()
