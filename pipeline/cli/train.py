"""The command `train`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.options import Epochs, Folds, Force, Json, Root
from pipeline.cli.output import ignore, kept, print_json, with_skipped
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings

if TYPE_CHECKING:
    from pipeline.runs.tracking import Tracker

_DEFAULT = Settings()
_HIDDEN = ",".join(map(str, _DEFAULT.hidden))


def train(
    root: Root = Path(),
    folds: Folds = _DEFAULT.folds,
    lambdas: Annotated[
        list[float] | None,
        typer.Option(
            "--lambda",
            help="Weight decay λ, on weights and not on biases; repeat it for a grid. "
            f"[default: {_DEFAULT.lambdas[0]:g}]",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Networks a fold, averaged.")] = (
        _DEFAULT.seeds
    ),
    seed: Annotated[int, typer.Option(help="Of folds, weights and batches.")] = (
        _DEFAULT.seed
    ),
    epochs: Epochs = _DEFAULT.epochs,
    lr: Annotated[
        float, typer.Option(help="Learning rate at the start.")
    ] = _DEFAULT.lr,
    hidden: Annotated[str, typer.Option(help="Widths of the hidden layers.")] = (
        _HIDDEN
    ),
    dropout: Annotated[float, typer.Option(help="Share of units dropped.")] = (
        _DEFAULT.dropout
    ),
    batch_size: Annotated[int, typer.Option(help="Rows a step.")] = _DEFAULT.batch_size,
    device: Annotated[
        Literal["cpu", "cuda", "mps", "auto"], typer.Option(help="Where to compute.")
    ] = "cpu",
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Parts trained side by side; default: all cores."),
    ] = None,
    track: Annotated[
        Literal["mlflow"] | None, typer.Option(help="Log the run to your store too.")
    ] = None,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Train networks under K-fold cross-validation and keep them as a run.

    Example: pipeline train --folds 10 --lambda 1 --lambda 5
    """
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.progress import epoch_progress
    from pipeline.cli.tables.train import show_scores
    from pipeline.stages import up_to_date

    settings = Settings(
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
    progress = epoch_progress(settings.networks, epochs)
    with nullcontext(ignore) if as_json else progress as callback:
        outcome = up_to_date.train(project, settings, callback, jobs=jobs, force=force)
    if not as_json:
        show_scores(outcome.record)
    tracked = tracker.log(project, outcome.record) if tracker else None
    if as_json:
        print_json({**with_skipped(outcome), "tracked": tracked})
        return
    if tracked:
        say("Logged: {store}, experiment {experiment}, run {run}".format(**tracked))
    say(f"{kept(outcome)}; `pipeline submit` makes the file for Kaggle")


def _tracker() -> "Tracker":
    """The user's store, reached before there is anything to lose."""
    from pipeline.runs.tracking import Tracker

    return Tracker.open()


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise UserError(f"--hidden {text!r}: give widths like 128,64") from None
