"""The command `submit`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.output import print_json
from pipeline.paths import Folders


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
    from pipeline import runs, submission
    from pipeline.tables.submit import show_submission

    folders = Folders(root)
    written = submission.submit(folders, runs.find_run(folders, run), rung)
    if as_json:
        print_json(submission.to_record(written))
        return
    show_submission(written)
