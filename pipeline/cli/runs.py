"""The command `runs`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Json, Root
from pipeline.cli.output import print_json
from pipeline.core.errors import UserError
from pipeline.core.paths import Project


def runs(
    run_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN RUN]", help="Run ids to compare, two or more."),
    ] = None,
    root: Root = Path(),
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="List only runs with NAME=VALUE, like epochs=10 or note=wider; "
            "repeat it for several.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the finished runs, newest first; or compare runs, paired over rows.

    Example: pipeline runs --filter model=mlp
    """
    if run_ids:
        _compare(Project(root), run_ids, filters, as_json=as_json)
        return
    from pipeline.cli.tables.runs import show_runs
    from pipeline.kaggle.leaderboard import submitted_runs
    from pipeline.report.identify import matching
    from pipeline.runs.store import selected_run

    project = Project(root)
    found = submitted_runs(project)
    kept = matching([each.run for each in found], filters or [])
    found = [each for each in found if each.run in kept]
    if as_json:
        print_json({"runs": [each.to_json() for each in found]})
        return
    show_runs(found, selected_run(project))


def _compare(
    project: Project, run_ids: list[str], filters: list[str] | None, *, as_json: bool
) -> None:
    """Compare runs, with the standard errors of their differences.

    Raises:
        UserError: there are fewer than two runs, or also filters; or a run cannot be
            read.
    """
    if len(set(run_ids)) < max(2, len(run_ids)) or filters:
        raise UserError("runs: give two run ids or more, each once, and no --filter")
    from pipeline.cli.tables.runs import show_comparison
    from pipeline.kaggle.leaderboard import with_submission
    from pipeline.report.compare import compare
    from pipeline.report.facts import read_rows
    from pipeline.runs.store import find_run

    found = [with_submission(project, find_run(project, run_id)) for run_id in run_ids]
    rows = compare(found, [read_rows(each.run) for each in found])
    if as_json:
        print_json(
            {
                "runs": [each.to_json() for each in found],
                "rows": [row._asdict() for row in rows],
            }
        )
        return
    show_comparison(run_ids, rows)
