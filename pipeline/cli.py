"""The command line: parse, call one function, show. No other module knows typer."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from typer.exceptions import TyperException

from pipeline import __version__
from pipeline.errors import UserError
from pipeline.paths import Folders
from pipeline.settings import Settings
from pipeline.stages import Outcome
from pipeline.tune.plan import Plan

app = typer.Typer(pretty_exceptions_enable=False)
_DEFAULT = Settings()
_PLAN = Plan()
_INTERRUPTED = 130  # what typer gives for Ctrl-C
_HIDDEN = ",".join(map(str, _DEFAULT.hidden))


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise UserError(f"--hidden {text!r}: give widths like 128,64") from None


Root = Annotated[Path, typer.Option("--root", help="The project's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object only.")]
Force = Annotated[bool, typer.Option("--force", help="Run even if up to date.")]
Folds = Annotated[int, typer.Option(help="Folds of the cross-validation.")]
Epochs = Annotated[int, typer.Option(help="Passes over the rows.")]
RunId = Annotated[str | None, typer.Option("--run", help="A run id; default: newest.")]


@app.callback(invoke_without_command=True)
def pipeline(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show it.")] = False,
) -> None:
    """From Kaggle's house-price data to a submission, in stages."""
    if version:
        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def preprocess(
    root: Root = Path(), as_json: Json = False, force: Force = False
) -> None:
    """Check data/raw, clean it, build columns and encode it into data/processed.

    Example: pipeline preprocess
    """
    from pipeline import stages, tables

    outcome = stages.preprocess(Folders(root), force=force)
    if as_json:
        _print_json(_with_skipped(outcome))
        return
    tables.show_preprocess(outcome.record)
    if outcome.skipped:
        tables.say("data/processed is up to date")


@app.command()
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
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Train networks under K-fold cross-validation and keep them as a run.

    Example: pipeline train --folds 10 --lambda 1 --lambda 5
    """
    from pipeline import stages, tables

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
    progress = tables.epoch_progress(settings.networks, epochs)
    with nullcontext(_ignore) if as_json else progress as watch:
        outcome = stages.train(Folders(root), settings, watch, jobs=jobs, force=force)
    if as_json:
        _print_json(_with_skipped(outcome))
        return
    tables.show_scores(outcome.record)
    tables.say(f"{_kept(outcome)}; `pipeline submit` makes the file for Kaggle")


@app.command()
def tune(
    root: Root = Path(),
    trials: Annotated[
        int, typer.Option(help="Finished trials to end with, earlier ones included.")
    ] = _PLAN.trials,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which no batch is begun.")
    ] = None,
    folds: Folds = _DEFAULT.folds,
    seed: Annotated[int, typer.Option(help="Of folds, networks and trials.")] = (
        _DEFAULT.seed
    ),
    epochs: Epochs = _DEFAULT.epochs,
    jobs: Annotated[
        int | None,
        typer.Option(help="Batches of trials side by side; default: one a core."),
    ] = None,
    backend: Annotated[
        Literal["loky", "dask"], typer.Option(help="Processes here, or dask's workers.")
    ] = "loky",
    scheduler: Annotated[
        str | None, typer.Option(help="Dask's address, like tcp://127.0.0.1:8786.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search for λ, learning rate, dropout and hidden layers; train the best.

    Killed or interrupted, the same command goes on where it stopped.

    Example: pipeline tune --trials 64
    """
    from pipeline import stages, tables

    plan = Plan(
        trials=trials,
        timeout=timeout,
        jobs=jobs,
        backend=backend,
        scheduler=scheduler,
        settings=Settings(folds=folds, seed=seed, epochs=epochs),
    )
    with nullcontext(_ignore) if as_json else tables.search_progress() as watch:
        outcome = stages.tune(Folders(root), plan, watch)
    record = outcome.record
    if as_json:
        kept = ("run_id", "cv_log_rmse", "forecast", "seconds")
        shown = {name: record[name] for name in kept} | record["tune"]
        _print_json({**shown, "skipped": outcome.skipped})
        return
    tables.show_search(record["tune"])
    tables.say(f"{_kept(outcome)}: the best settings, trained")


@app.command()
def baselines(root: Root = Path(), as_json: Json = False, force: Force = False) -> None:
    """Climb the ladder: each lesson's model on the houses, up to our default.

    Example: pipeline baselines
    """
    from pipeline import stages, tables

    folders = Folders(root)
    progress = tables.epoch_progress(_DEFAULT.networks, _DEFAULT.epochs)
    with nullcontext(_ignore) if as_json else progress as watch:
        outcome = stages.baselines(folders, _DEFAULT, watch, force=force)
    if as_json:
        _print_json(_with_skipped(outcome))
        return
    tables.show_ladder(outcome.record)
    submit_one = f"pipeline submit --run {outcome.record['run_id']} --rung NAME"
    tables.say(f"Drawn: {folders.reports / 'baselines.png'}")
    tables.say(f"{_kept(outcome)}; `{submit_one}` takes one")


@app.command()
def submit(
    root: Root = Path(),
    run: RunId = None,
    rung: Annotated[
        str | None, typer.Option(help="A rung of a ladder that `baselines` kept.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write submissions/<run id>.csv for a run, and check it as Kaggle would.

    Example: pipeline submit --run 20261124-081500-417
    """
    from pipeline import runs, submission, tables

    folders = Folders(root)
    written = submission.submit(folders, runs.find_run(folders, run), rung)
    if as_json:
        _print_json(submission.to_record(written))
        return
    tables.show_submission(written)


@app.command()
def download(
    name: Annotated[Literal["fashion-mnist"], typer.Argument(help="What to fetch.")],
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Fetch Fashion-MNIST for the lessons from OpenML; the houses are here already.

    Example: pipeline download fashion-mnist
    """
    from pipeline import fashion_mnist, files, tables

    paths = fashion_mnist.download(Folders(root))
    record = {"name": name, "files": {str(p): files.sha256(p) for p in paths}}
    if as_json:
        _print_json(record)
        return
    tables.show_download(record)


@app.command()
def lesson(
    name: Annotated[str | None, typer.Argument(help="A lesson's name, or all.")] = None,
    impl: Annotated[
        Literal["scratch", "torch", "both"], typer.Option(help="Which code to run.")
    ] = "both",
    seed: Annotated[int, typer.Option(min=0, help="Of data, weights, batches.")] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes over the rows; default: the book's."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Fashion-MNIST's folder; default: looked for.")
    ] = None,
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Run a lesson of the book and hold it against what the book published.

    Example: pipeline lesson linear-regression
    """
    from pipeline import tables
    from pipeline.lessons import LESSONS, run_lesson

    if name is None:
        listed = [{"lesson": x.name, "summary": x.summary} for x in LESSONS.values()]
        _print_json({"lessons": listed}) if as_json else tables.show_lessons(listed)
        return
    results = []
    for each in LESSONS if name == "all" else [name]:
        for result in run_lesson(
            each, impl, seed=seed, epochs=epochs, data=data, folders=Folders(root)
        ):
            results.append(result)
            if not as_json:
                tables.show_lesson(result)
    if as_json:
        _print_json({"lessons": [result.record() for result in results]})


@app.command()
def bench(
    root: Root = Path(),
    hidden: Annotated[int, typer.Option(help="Units of the hidden layer.")] = 256,
    as_json: Json = False,
) -> None:
    """Time our engine beside the book's loop, scikit-learn and vmap on the houses.

    Example: pipeline bench --hidden 64
    """
    from pipeline import tables
    from pipeline.bench import run

    watch = _ignore if as_json else tables.show_measurement
    record = run.bench(Folders(root), hidden, watch)
    if as_json:
        _print_json(record)
        return
    tables.show_bench(record)


@app.command("runs")
def list_runs(root: Root = Path(), as_json: Json = False) -> None:
    """List the finished runs, newest first.

    Example: pipeline runs --json
    """
    from pipeline import runs, tables

    records = runs.experiment_table(Folders(root))
    if as_json:
        _print_json({"runs": records})
        return
    tables.show_runs(records)


def main() -> None:
    """Run the command line and turn what the user can mend into one line."""
    try:
        status = app(standalone_mode=False)
    except (UserError, TyperException) as error:
        text = error.format_message() if isinstance(error, TyperException) else error
        _stop(f"error: {' '.join(str(text).split())}", 2)
    if status == _INTERRUPTED:
        _stop("interrupted; finished runs are kept", _INTERRUPTED)


def _stop(line: str, status: int) -> NoReturn:
    typer.echo(line, err=True)
    sys.exit(status)


def _print_json(record: dict[str, Any]) -> None:
    typer.echo(json.dumps(record, ensure_ascii=False))


def _with_skipped(outcome: Outcome) -> dict[str, Any]:
    return {**outcome.record, "skipped": outcome.skipped}


def _kept(outcome: Outcome) -> str:
    """Where the run of an outcome lies, and whether it lay there already."""
    state = "is up to date" if outcome.skipped else "is kept"
    return f"runs/{outcome.record['run_id']} {state}"


def _ignore(*_: object) -> None:
    """Watch nothing: standard output belongs to the JSON object."""
