"""The command `submit`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.output import ignore, print_json
from pipeline.core.errors import UserError
from pipeline.core.paths import Project


def submit(
    root: Root = Path(),
    run: RunId = None,
    rung: Annotated[
        str | None, typer.Option(help="A rung of a ladder that `baselines` kept.")
    ] = None,
    allow_stale: Annotated[
        bool,
        typer.Option(
            "--allow-stale", help="Even if the run or data/raw has changed since."
        ),
    ] = False,
    push: Annotated[
        bool, typer.Option("--push", help="Send it to Kaggle and wait for its score.")
    ] = False,
    message: Annotated[
        str | None,
        typer.Option(
            "--message", "-m", help="What to call it there; default: the run."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send it even if it was sent before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write submissions/<run id>.csv for a run, and check it as Kaggle would.

    Example: pipeline submit --push -m "wider layers"
    """
    from pipeline.cli.tables.console import say_err
    from pipeline.cli.tables.submit import show_answer, show_submission
    from pipeline.runs import integrity, store
    from pipeline.stages import submit

    if (message is not None or again) and not push:
        raise UserError("--message and --again are for --push; add it")
    send = _sender() if push else None
    project = Project(root)
    record = store.find_run(project, run)
    for change in integrity.changes(project, record):
        if not allow_stale:
            raise UserError(f"{change}, or give --allow-stale")
        say_err(f"allowed: {change}")
    written = submit.submit(project, record, rung)
    shown = submit.to_record(written)
    if not as_json:
        show_submission(written, to_upload=not push)
    if send:
        callback = ignore if as_json else say_err
        sent = send(
            written.path, message or _title(record, rung), callback, again=again
        )
        shown["kaggle"] = sent.record()
        if not as_json:
            show_answer(sent, None if rung else record)
    if as_json:
        print_json(shown)


def _sender() -> Callable[..., Any]:
    """What sends; asked for before anything is written, for its client is an extra."""
    from pipeline.kaggle.push import push

    return push


def _title(record: dict[str, Any], rung: str | None) -> str:
    if rung:
        return f"{record['run_id']}, {rung}"
    return f"{record['run_id']}, cross-validation {record['cv_log_rmse']:.4f}"
