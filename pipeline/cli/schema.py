"""The command `schema`: the kind of each column of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import (
    make_table,
    next_step,
    print_json,
    say,
    say_wrapped,
    show,
)
from pipeline.cli.options import Json, Root
from pipeline.cli.progress import steps
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.progress import announce

if TYPE_CHECKING:
    from pipeline.stages.schema import WrittenSchema

_MOST = 40  # columns in the table


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


def show_schema(written: WrittenSchema) -> None:
    """Print what was inferred, and the columns to check."""
    if not written.guesses:
        say("The columns are those of House Prices, so their schema was copied")
    else:
        _show_guesses(written)
    say(f"Schema saved to {written.path}; edit it where you know better")


def _show_guesses(written: WrittenSchema) -> None:
    schema = written.schema
    table = make_table(["column", "kind", "why", ""], [])
    of_interest = [
        guess
        for guess in written.guesses
        if guess.doubtful or guess.kind in {"id", "target", "left out"}
    ]
    for guess in of_interest[:_MOST]:
        mark = "check" if guess.doubtful else ""
        table.add_row(guess.column or "(none)", guess.kind, guess.reason, mark)
    show("Id, target, columns left out, and what is doubtful", table)
    if (more := len(of_interest) - _MOST) > 0:
        say(f"and {more} more: see {written.path}")
    kinds = ", ".join(f"{number} {kind}" for kind, number in written.kinds.items())
    say_wrapped(f"Columns: {kinds}. Metric: {schema.metric}")
