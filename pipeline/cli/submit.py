"""The command `submit`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.output import print_json
from pipeline.errors import UserError
from pipeline.paths import Folders


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
    as_json: Json = False,
) -> None:
    """Write submissions/<run id>.csv for a run, and check it as Kaggle would.

    Example: pipeline submit --run 20261124-081500-417
    """
    from pipeline import evidence, runs, submission
    from pipeline.tables.console import say_err
    from pipeline.tables.submit import show_submission

    folders = Folders(root)
    record = runs.find_run(folders, run)
    for change in evidence.changes(folders, record):
        if not allow_stale:
            raise UserError(f"{change}, or give --allow-stale")
        say_err(f"allowed: {change}")
    written = submission.submit(folders, record, rung)
    if as_json:
        print_json(submission.to_record(written))
        return
    show_submission(written)
