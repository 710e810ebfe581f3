"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.core.errors import UserError


def _folder(root: Path) -> Path:
    try:
        usable = root.is_dir() or not root.exists()
    except OSError:  # e.g. the name is too long, or permission is denied
        usable = False
    if not usable:
        raise UserError(f"--root {root}: not a folder; give the project folder")
    return root


Root = Annotated[
    Path,
    typer.Option("--root", help="Project folder.", callback=_folder),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Run even if the result is up to date.")
]
Folds = Annotated[int, typer.Option(help="Number of cross-validation folds.")]
Epochs = Annotated[int, typer.Option(help="Number of training epochs.")]
RunId = Annotated[
    str | None, typer.Option("--run", help="Run id (default: the newest run).")
]
