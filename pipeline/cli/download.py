"""The command `download`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.options import Json, Root
from pipeline.cli.output import print_json
from pipeline.paths import Folders


def download(
    name: Annotated[Literal["fashion-mnist"], typer.Argument(help="What to fetch.")],
    root: Root = Path(),
    as_json: Json = False,
) -> None:
    """Fetch Fashion-MNIST for the lessons from OpenML; the houses are here already.

    Example: pipeline download fashion-mnist
    """
    from pipeline import fashion_mnist, files
    from pipeline.tables.download import show_download

    paths = fashion_mnist.download(Folders(root))
    record = {"name": name, "files": {str(p): files.sha256(p) for p in paths}}
    if as_json:
        print_json(record)
        return
    show_download(record)
