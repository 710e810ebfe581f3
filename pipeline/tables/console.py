"""The terminal: where tables and lines go, and how they look."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

_DENSE = 10  # from more columns than this on, they stand close together

# What is printed may come from data, so that [bold] and :bomb: are words like others.
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """Print a line as it is."""
    out.print(text, soft_wrap=True)


def warn(text: str) -> None:
    """Print a line as it is beside what the command prints."""
    err.print(text, markup=False, soft_wrap=True)


def make_table(left: Sequence[str], right: Sequence[str]) -> Table:
    """An empty table of columns set to the left, then columns set to the right."""
    gap = 1 if len(left) + len(right) <= _DENSE else 0
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, gap, 0, 0))
    for names, justify in ((left, "left"), (right, "right")):
        for name in names:
            table.add_column(name, justify=justify)  # type: ignore[arg-type]
    return table


def show(title: str, table: Table) -> None:
    """A table under its title."""
    out.print(title, style="bold")
    out.print(table)
