"""The command `train`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.options import Epochs, Folds, Force, Json, Root
from pipeline.cli.output import ignore, print_json, saved
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import MODELS, Settings, comma_separated

if TYPE_CHECKING:
    from pipeline.runs.tracking import Tracker

_DEFAULT = Settings()
_HIDDEN = comma_separated(_DEFAULT.hidden)


def train(
    root: Root = Path(),
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help=f"Model to train: {' or '.join(MODELS)}; repeat it for a blend "
            "(default: all)",
        ),
    ] = None,
    folds: Folds = _DEFAULT.folds,
    lambdas: Annotated[
        list[float] | None,
        typer.Option(
            "--lambda",
            help="Weight decay λ of weights, not biases; repeat it for a grid "
            f"(default: {_DEFAULT.lambdas[0]:g})",
        ),
    ] = None,
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
        str, typer.Option(help="Widths of the hidden layers, like 128,64.")
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
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Train models with K-fold cross-validation and save their blend as a run.

    Example: pipeline train --folds 10 --lambda 1 --lambda 5
    """
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.progress import training_progress
    from pipeline.cli.tables.train import show_scores
    from pipeline.stages import up_to_date

    settings = Settings(
        models=tuple(models or _DEFAULT.models),
        folds=folds,
        lambdas=tuple(lambdas or _DEFAULT.lambdas),
        seeds=seeds,
        seed=seed,
        epochs=epochs,
        lr=lr,
        hidden=_sizes(hidden),
        dropout=dropout,
        batch_size=batch_size,
        device=device,
    )
    project = Project(root)
    tracker = _tracker() if track else None
    progress = training_progress(settings)
    with nullcontext(ignore) if as_json else progress as callback:
        outcome = up_to_date.train(project, settings, callback, jobs=jobs, force=force)
    if not as_json:
        show_scores(outcome.result)
    tracked = tracker.log(outcome.result) if tracker else None
    if as_json:
        document = outcome.result.to_json()
        print_json({**document, "skipped": outcome.skipped, "tracked": tracked})
        return
    if tracked:
        say("Logged: {store}, experiment {experiment}, run {run}".format(**tracked))
    say(f"{saved(outcome)}. Next: `pipeline submit`")


def _tracker() -> "Tracker":
    """Connect to MLflow before training, so that a wrong address fails early."""
    from pipeline.runs.tracking import Tracker

    return Tracker.open()


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise UserError(f"--hidden {text!r}: give widths like 128,64") from None
