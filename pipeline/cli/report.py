"""The command `report`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Json, Root
from pipeline.cli.output import print_json
from pipeline.core.paths import Project


def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Run ids, shown side by side; default: the newest."),
    ] = None,
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Write one page about a run, or several side by side: scores, pictures, houses.

    Example: pipeline report
    """
    from pipeline.cli.tables.console import say
    from pipeline.report.page import write_report
    from pipeline.runs.store import find_run

    project = Project(root)
    records = [find_run(project, run_id) for run_id in runs or []]
    records = records or [find_run(project)]
    path = write_report(project, records)
    if as_json:
        ids = [record["run_id"] for record in records]
        print_json({"runs": ids, "page": str(path), "bytes": path.stat().st_size})
        return
    say(f"{path}: open it in a browser")
