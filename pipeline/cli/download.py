"""The command `download`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipeline.cli.options import Json, Root
from pipeline.cli.output import print_json
from pipeline.core.errors import UserError
from pipeline.core.paths import Project


def download(
    name: Annotated[
        Literal["houses", "fashion-mnist"], typer.Argument(help="What to fetch.")
    ] = "houses",
    source: Annotated[
        str,
        typer.Option("--from", help="bundled, kaggle, or a zip or a folder of yours."),
    ] = "bundled",
    root: Root = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that differ.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Place train.csv and test.csv in data/raw, or Fashion-MNIST for the lessons.

    Example: pipeline download --from kaggle
    """
    from pipeline.cli.tables.download import show_download

    project = Project(root)
    if name == "houses":
        record = _houses(project, source, force=force)
    elif source != "bundled":
        raise UserError(f"--from {source}: only the houses can be had from there")
    else:
        record = _fashion_mnist(project)
    if as_json:
        print_json(record)
        return
    show_download(record)


def _houses(project: Project, source: str, *, force: bool) -> dict[str, Any]:
    from pipeline.stages import download

    placed = download.download(project, source, force=force)
    return {
        "name": "houses",
        "from": source,
        "files": {str(each.path): each.digest for each in placed},
        "states": {str(each.path): each.state for each in placed},
        "skipped": all(each.state == download.SAME for each in placed),
    }


def _fashion_mnist(project: Project) -> dict[str, Any]:
    from pipeline.core import files
    from pipeline.lessons import fashion_mnist

    paths = fashion_mnist.download(project)
    return {
        "name": "fashion-mnist",
        "files": {str(path): files.sha256(path) for path in paths},
    }
