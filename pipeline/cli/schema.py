"""The command `schema`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Json, Root
from pipeline.cli.output import next_step, print_json
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.progress import announce


def schema(
    id_column: Annotated[
        str | None, typer.Option("--id", help="The column that names the rows.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column that is predicted.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(METRICS),
            help="The metric (default: by the target's skewness).",
        ),
    ] = None,
    competition: Annotated[
        str | None, typer.Option(help="Its name in its address on Kaggle.")
    ] = None,
    root: Root = Path(),
    as_json: Json = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the schema that is there.")
    ] = False,
) -> None:
    """Write data/raw/schema.toml from train.csv and test.csv, for you to edit.

    Example: pipeline schema --id id --target price
    """
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.progress import steps
    from pipeline.cli.tables.schema import show_schema

    with steps(hidden=as_json):
        announce("loading pandas")
        from pipeline.infer.schema import Options
        from pipeline.stages.schema import write_schema

        options = Options(id_column, target, metric, competition)
        written = write_schema(Project(root), options, force=force)
    if as_json:
        print_json(written.to_json())
        return
    show_schema(written)
    say(next_step("preprocess", root))
