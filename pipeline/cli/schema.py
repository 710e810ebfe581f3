"""The command `schema`: the kind of each column of a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import console
from pipeline.cli.options import Json, Root
from pipeline.cli.progress import steps
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.progress import announce

if TYPE_CHECKING:  # it loads pandas
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
        console.print_json(written.to_json())
        return
    if written.guesses:
        _show_guesses(written)
    else:
        console.say("The columns are those of House Prices, so their schema was copied")
    console.say(f"Schema saved to {written.path}; edit it where you know better")
    console.say(console.next_step("preprocess", root))


def _show_guesses(written: "WrittenSchema") -> None:
    """Print what was inferred, and the columns to check."""
    of_interest = [
        guess
        for guess in written.guesses
        if guess.doubtful or guess.kind in {"id", "target", "left out"}
    ]
    rows = [
        (guess.column or "(none)", guess.kind, guess.reason, "check" * guess.doubtful)
        for guess in of_interest[:_MOST]
    ]
    table = console.make_table(["column", "kind", "why", ""], [], rows)
    console.show("Id, target, columns left out, and what is doubtful", table)
    if (more := len(of_interest) - _MOST) > 0:
        console.say(f"and {more} more: see {written.path}")
    kinds = ", ".join(f"{number} {kind}" for kind, number in written.kinds.items())
    console.say_wrapped(f"Columns: {kinds}. Metric: {written.schema.metric}")
