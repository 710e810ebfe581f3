"""The terminal: JSON, lines and tables that fit into any width.

rich's wrapping cuts numbers and breaks words: at 80 columns it cuts the fold scores
of `train`. Here a table that is too wide is split into several.
"""

import json
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from math import isfinite
from pathlib import Path
from textwrap import wrap
from typing import Any

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table

from pipeline.core.errors import UserError, one_line
from pipeline.core.numbers import score_text
from pipeline.runs.record import FORMAT, Run
from pipeline.stages.up_to_date import StageResult

_EDGES = 2  # one space at each end of a line
_WHOLE = re.compile(r"`[^`]*`|\S+ = \S+")


# A console prints [bold] and :bomb: as they are, since they may be data. If NO_COLOR is
# set (no-color.org), no escape codes are printed, not even for bold.
_console = partial(
    Console,
    color_system=None if os.environ.get("NO_COLOR") else "auto",
    highlight=False,
    markup=False,
    emoji=False,
)
out, err = _console(), _console(stderr=True)


def say(text: str) -> None:
    """Print a line; only a terminal wraps it, at words."""
    out.print(_wrapped(text, out) if out.is_terminal else text, soft_wrap=True)


def say_wrapped(text: str) -> None:
    """Print sentences, wrapped at the width of the terminal."""
    out.print(_wrapped(text, out), soft_wrap=True)


def say_command(text: str) -> None:
    """Print a command on one line, however long, so that it can be copied."""
    out.print(text, soft_wrap=True)


def say_err(text: str) -> None:
    """Print a line on standard error, as `say` does, unless that is not possible."""
    with suppress(OSError):  # such a line is not worth the work that it is about
        err.print(_wrapped(text, err) if err.is_terminal else text, soft_wrap=True)


def _wrapped(text: str, console: Console) -> str:
    """Wrap a text at words; commands in backticks, and names with values, stay whole.

    (rich and terminals break commands and values, and terminals break words.)
    """
    kept = _WHOLE.sub(lambda found: found[0].replace(" ", "\0"), text)
    lines = wrap(
        kept,
        console.width,
        subsequent_indent=" " * (len(text) - len(text.lstrip(" "))),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\0", " ")


def make_table(
    left: Sequence[str], right: Sequence[str], rows: Iterable[Sequence[object]] = ()
) -> Table:
    """Return a table of rows: columns of text, left-aligned, then those of numbers.

    In a narrow terminal text wraps; numbers never do.
    """
    texts = [Column(name, overflow="fold") for name in left]
    numbers = [
        Column(name, justify="right", no_wrap=True, overflow="fold") for name in right
    ]
    table = Table(*texts, *numbers, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*map(str, row))
    return table


def show(title: str, table: Table) -> None:
    """Print a title and a table, fitted to the width of the terminal."""
    out.print(title, style="bold")
    for part in fit(table, out.width):
        out.print(part)


def fit(table: Table, width: int) -> Iterator[Table]:
    """Yield the table in one or more parts that fit into a width.

    If narrow gaps and wrapped text are not enough, the columns are split into several
    tables, each of which repeats the first column.
    """
    spans = [_span(column) for column in table.columns]
    for gap in (2, 1):
        room = width - _EDGES - gap * (len(spans) - 1)
        if sum(least for least, _ in spans) <= room:
            yield _spread(table, spans, gap, room)
            return
    if len(spans) <= 2:
        yield table
        return
    ends = accumulate(least + 1 for least, _ in spans)
    fitting = sum(end - 1 <= width - _EDGES for end in ends)
    first, *others = range(len(spans))
    cut = max(fitting - 1, 1)
    yield from fit(_part(table, [first, *others[:cut]]), width)
    yield from fit(_part(table, [first, *others[cut:]]), width)


def _span(column: Column) -> tuple[int, int]:
    """Return the smallest and the largest useful width of a column, in characters."""
    texts = [str(text) for text in (column.header, *column.cells)]
    most = max(map(cell_len, texts))
    if column.no_wrap:
        return most, most
    words = [cell_len(word) for text in texts for word in text.split()]
    return max(words, default=0), most


def _spread(table: Table, spans: list[tuple[int, int]], gap: int, room: int) -> Table:
    """Separate the columns by `gap`, and wrap text at the largest width that fits."""

    def widths(limit: int) -> list[int]:
        return [max(least, min(most, limit)) for least, most in spans]

    limit = max(limit for limit in range(room + 1) if sum(widths(limit)) <= room)
    table.padding = (0, gap - 1, 0, 0)
    for column, column_width in zip(table.columns, widths(limit), strict=True):
        column.width = column_width
    return table


def _part(table: Table, indices: Sequence[int]) -> Table:
    columns = [table.columns[index] for index in indices]
    copies = [column.copy() for column in columns]
    part = Table(*copies, box=table.box, pad_edge=table.pad_edge)
    rows = zip(*(column.cells for column in columns), strict=True)
    for row, cells in zip(table.rows, rows, strict=True):
        part.add_row(*cells, style=row.style)
    return part


def check_terminal(option: str, *, as_json: bool) -> None:
    """Check that someone can answer.

    Raises:
        UserError: This is not a terminal, or only JSON may be printed.
    """
    if as_json or not (sys.stdin.isatty() and out.is_terminal):
        raise UserError(f"{option}: asks in a terminal, without --json; leave it out")


def ask(question: str, choices: Sequence[str] = ()) -> str | float | None:
    """Ask for one of the choices, or for a number; Enter alone is no answer."""
    say_wrapped(question)
    wanted = " or ".join(choices) or "a number"
    while True:
        try:
            reply = out.input(f"Your guess, {wanted}: ").strip(" ()").lower()
        except EOFError:
            reply = ""
        if not reply:
            return None
        if reply in choices:
            return reply
        with suppress(ValueError):
            if not choices and isfinite(number := float(reply.replace(",", "."))):
                return number
        say(f"Give {wanted}, or nothing.")


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object on one line, with the format of runs and of this."""
    record = {"format": FORMAT, **record}
    typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))


def saved(outcome: StageResult[Run]) -> str:
    """Return where the run of an outcome is, and whether it is new."""
    path = f"runs/{outcome.result.run_id}"
    return f"{path} is up to date" if outcome.skipped else f"Saved {path}"


def next_step(command: str, root: Path) -> str:
    """Return what to type next, for the same project folder."""
    folder = "" if root == Path() else f" --root {shlex.quote(str(root))}"
    return f"Next: `pipeline {command}{folder}`"


def using(run: Run) -> str:
    """Return which run a command uses, and its score."""
    note = f", {one_line(run.note)}" if run.note else ""
    what = f"`{run.command}`, {' and '.join(run.models)}"
    return f"Run {run.run_id}: {what}, {run.metric_title} {score_text(run.cv)}{note}"


def ignore(*_: object) -> None:
    """Ignore progress: with --json, standard output has the JSON object alone."""
