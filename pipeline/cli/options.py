"""The options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.core.errors import UserError


def _folder(root: Path) -> Path:
    try:
        usable = root.is_dir() or not root.exists()
    except OSError:  # a name too long, a folder that may not be looked into
        usable = False
    if not usable:
        raise UserError(f"--root {root}: not a folder; give the project's folder")
    return root


Root = Annotated[
    Path,
    typer.Option("--root", help="The project's folder.", callback=_folder),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object only.")]
Force = Annotated[bool, typer.Option("--force", help="Run even if up to date.")]
Folds = Annotated[int, typer.Option(help="Folds of the cross-validation.")]
Epochs = Annotated[int, typer.Option(help="Passes over the rows.")]
RunId = Annotated[str | None, typer.Option("--run", help="A run id; default: newest.")]
