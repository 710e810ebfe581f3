"""The command `download`: the data of a competition, or the images of the lessons."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.console import next_step, print_json, say
from pipeline.cli.options import Json, Root
from pipeline.cli.progress import steps
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce


def download(
    name: Annotated[
        Literal["houses", "fashion-mnist"], typer.Argument(help="What to download.")
    ] = "houses",
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="Source: bundled, kaggle, or the path of a zip or directory.",
        ),
    ] = "bundled",
    competition: Annotated[
        str | None,
        typer.Option(help="Another competition than House Prices, with --from kaggle."),
    ] = None,
    root: Root = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that differ.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Download train.csv and test.csv to data/raw, or Fashion-MNIST for the lessons.

    Example: pipeline download --from kaggle
    """
    if name != "houses" and source != "bundled":
        raise UserError(f"--from {source}: only the houses are available from there")
    if competition and source != "kaggle":
        raise UserError("--competition: only with --from kaggle; add it")
    with steps(hidden=as_json):
        announce(LOADING)
        from pipeline.stages import download as stage

        if name == "houses":
            record = stage.download(Project(root), source, competition, force=force)
        else:
            record = stage.download_fashion_mnist(Project(root))
    if as_json:
        print_json(record)
        return
    states = record.get("states", {})
    for path, digest in record["files"].items():
        say(f"{path}: {states.get(path, 'placed')}")
        say(f"  SHA-256 {digest}")
    if competition:
        say(next_step(f"schema --competition {shlex.quote(competition)}", root))
