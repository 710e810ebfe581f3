"""The command `runs`."""

from pathlib import Path

from pipeline.cli.options import Json, Root
from pipeline.cli.output import print_json
from pipeline.core.paths import Project


def runs(root: Root = Path(), as_json: Json = False) -> None:
    """List the finished runs, newest first.

    Example: pipeline runs --json
    """
    from pipeline.cli.tables.runs import show_runs
    from pipeline.kaggle.leaderboard import submitted_runs

    found = submitted_runs(Project(root))
    if as_json:
        print_json({"runs": [each.to_json() for each in found]})
        return
    show_runs(found)
