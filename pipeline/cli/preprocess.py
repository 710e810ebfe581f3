"""The command `preprocess`."""

from pathlib import Path

from pipeline.cli.options import Force, Json, Root
from pipeline.cli.output import print_json
from pipeline.core.paths import Project


def preprocess(
    root: Root = Path(), as_json: Json = False, force: Force = False
) -> None:
    """Check and clean data/raw, add built columns, and write data/processed.

    Example: pipeline preprocess
    """
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.preprocess import show_preprocess
    from pipeline.cli.tables.progress import steps
    from pipeline.stages import up_to_date

    with steps(hidden=as_json):
        outcome = up_to_date.preprocess(Project(root), force=force)
    if as_json:
        print_json({**outcome.result, "skipped": outcome.skipped})
        return
    show_preprocess(outcome.result)
    if outcome.skipped:
        say("data/processed is up to date")
