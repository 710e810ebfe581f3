"""The command `report`: an HTML page of runs."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import print_json, say, using
from pipeline.cli.options import Json, Root
from pipeline.cli.progress import steps
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.runs.store import find_run


def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Run ids, shown side by side (default: the last train or blend)."
        ),
    ] = None,
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Write an HTML report of a run, or of several side by side.

    Example: pipeline report
    """
    project = Project(root)
    found = [find_run(project, run_id) for run_id in runs or (None,)]
    if not as_json:
        for run in found:
            say(using(run))
    with steps(hidden=as_json):
        announce(LOADING)
        from pipeline.report.page import write_report

        path = write_report(project, found)
    if as_json:
        ids = [run.run_id for run in found]
        print_json({"runs": ids, "page": str(path), "bytes": path.stat().st_size})
        return
    say(f"Report saved to {path}")
