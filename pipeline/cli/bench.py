"""The command `bench`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import ignore, print_json
from pipeline.cli.options import Json, Root
from pipeline.core.paths import Project


def bench(
    root: Root = Path(),
    hidden: Annotated[int, typer.Option(help="Units of the hidden layer.")] = 256,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="More epochs and rounds, in several minutes."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare the speed of the stacked MLP with the book's loop, scikit-learn and vmap.

    Example: pipeline bench --hidden 64
    """
    from pipeline.bench import run
    from pipeline.cli.progress import steps
    from pipeline.cli.tables.bench import show_bench, show_measurement

    callback = ignore if as_json else show_measurement
    effort = run.THOROUGH if thorough else run.QUICK
    with steps(hidden=as_json):
        record = run.bench(Project(root), hidden, effort, callback)
    if as_json:
        print_json(record)
        return
    show_bench(record)
