"""The terminal: print lines and tables on standard output and standard error."""

import os
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Column, Table

from pipeline.cli.tables.layout import fit


def _console(*, stderr: bool) -> Console:
    """Return a console that prints [bold] and :bomb: as they are: they may be data.

    If NO_COLOR is set (no-color.org), no escape codes are printed, not even for bold.
    """
    plain = bool(os.environ.get("NO_COLOR"))
    return Console(
        stderr=stderr,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )


out = _console(stderr=False)
err = _console(stderr=True)


def say(text: str) -> None:
    """Print a line without wrapping."""
    out.print(text, soft_wrap=True)


def say_wrapped(text: str) -> None:
    """Print sentences, wrapped at the width of the terminal."""
    out.print(text)


def say_err(text: str) -> None:
    """Print a line without wrapping on standard error."""
    err.print(text, soft_wrap=True)


def make_table(left: Sequence[str], right: Sequence[str]) -> Table:
    """Return an empty table: text columns, left-aligned, then right-aligned numbers.

    In a narrow terminal text wraps; numbers never do.
    """
    texts = [Column(name, overflow="fold") for name in left]
    numbers = [
        Column(name, justify="right", no_wrap=True, overflow="fold") for name in right
    ]
    return Table(*texts, *numbers, box=box.SIMPLE_HEAD, pad_edge=False)


def show(title: str, table: Table) -> None:
    """Print a title and a table, fitted to the width of the terminal."""
    out.print(title, style="bold")
    for part in fit(table, out.width):
        out.print(part)
