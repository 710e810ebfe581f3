"""The terminal: where tables and lines go, and how they look."""

import os
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Column, Table

from pipeline.cli.tables.layout import fit


def _console(*, stderr: bool) -> Console:
    """What is printed may come from data, so [bold] and :bomb: are words like others.

    Where NO_COLOR is set (no-color.org), no escape code makes type bold either.
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
    """Print a line as it is."""
    out.print(text, soft_wrap=True)


def say_err(text: str) -> None:
    """Print a line as it is on standard error, beside what the command prints."""
    err.print(text, soft_wrap=True)


def make_table(left: Sequence[str], right: Sequence[str]) -> Table:
    """An empty table: columns of words set to the left, then of numbers to the right.

    Where there is little room, words wrap; numbers never do.
    """
    words = [Column(name, overflow="fold") for name in left]
    numbers = [
        Column(name, justify="right", no_wrap=True, overflow="fold") for name in right
    ]
    return Table(*words, *numbers, box=box.SIMPLE_HEAD, pad_edge=False)


def show(title: str, table: Table) -> None:
    """A table under its title, as it fits into the terminal."""
    out.print(title, style="bold")
    for part in fit(table, out.width):
        out.print(part)
