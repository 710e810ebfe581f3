"""The command `tune`."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.options import Epochs, Folds, Json, Root
from pipeline.cli.output import ignore, print_json, saved
from pipeline.core.paths import Project
from pipeline.core.settings import MLP, Settings
from pipeline.tuning.plan import Plan

_DEFAULT = Settings()
_PLAN = Plan()


def tune(
    root: Root = Path(),
    trials: Annotated[
        int, typer.Option(help="Total number of trials, earlier ones included.")
    ] = _PLAN.trials,
    timeout: Annotated[
        float | None,
        typer.Option(help="Time limit in seconds; running trials finish."),
    ] = None,
    folds: Folds = _DEFAULT.folds,
    seed: Annotated[
        int, typer.Option(help="Random seed of folds, networks and trials.")
    ] = (_DEFAULT.seed),
    epochs: Epochs = _DEFAULT.epochs,
    jobs: Annotated[
        int | None,
        typer.Option(help="Parallel batches of trials (default: one per core)."),
    ] = None,
    backend: Annotated[
        Literal["loky", "dask"],
        typer.Option(help="Run trials in local processes or on a Dask cluster."),
    ] = "loky",
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler, like tcp://127.0.0.1:8786.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search for λ, learning rate, dropout and hidden layers; train the best.

    If it is interrupted or killed, run the same command again to resume it.

    Example: pipeline tune --trials 64
    """
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.tune import search_progress, show_search
    from pipeline.stages import up_to_date

    plan = Plan(
        trials=trials,
        timeout=timeout,
        jobs=jobs,
        backend=backend,
        scheduler=scheduler,
        settings=Settings(models=(MLP,), folds=folds, seed=seed, epochs=epochs),
    )
    with nullcontext(ignore) if as_json else search_progress() as callback:
        outcome = up_to_date.tune(Project(root), plan, callback)
    if as_json:
        record = outcome.result.to_json()
        names = ("run_id", "metric", "cv", "cv_log_rmse", "forecast", "seconds")
        shown = {name: record[name] for name in names} | record["tune"]
        print_json({**shown, "skipped": outcome.skipped})
        return
    if search := outcome.result.search:  # a run of `tune` always has one
        show_search(search)
    say(f"{saved(outcome)}: the MLP alone with the best settings")
    say(f"`pipeline submit` uses it only if you give --run {outcome.result.run_id}")
