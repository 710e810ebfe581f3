"""Options that several commands share."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from pipeline.core.errors import UserError

T = TypeVar("T")


def split_values(
    option: str, texts: Iterable[str], kind: Callable[[str], T]
) -> tuple[T, ...]:
    """Return the values of an option that takes several: `0,1,5`, or it is repeated.

    Args:
        option: The name of the option, for the error.
        texts: What was given each time.
        kind: Converts the text of one value.

    Raises:
        UserError: A value cannot be converted.
    """
    values = [part.strip() for text in texts for part in text.split(",")]
    try:
        return tuple(kind(value) for value in values)
    except ValueError:
        given = ",".join(texts)
        raise UserError(
            f"{option} {given!r}: give numbers separated by commas, like 1,2"
        ) from None


def _checked_root(root: Path) -> Path:
    try:
        usable = root.is_dir() or not root.exists()
    except OSError:  # e.g. the name is too long, or permission is denied
        usable = False
    if not usable:
        raise UserError(f"--root {root}: not a folder; give the project folder")
    return root


Root = Annotated[
    Path,
    typer.Option("--root", help="Project folder.", callback=_checked_root),
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
    str | None,
    typer.Option("--run", help="Run id (default: the run of the last train or blend)."),
]
