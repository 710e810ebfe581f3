"""The command `preprocess`: check and clean the rows, and add columns."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from pipeline.cli.console import make_table, print_json, say, say_wrapped, show
from pipeline.cli.options import Force, Json, Root
from pipeline.cli.progress import steps
from pipeline.core.errors import one_line
from pipeline.core.paths import Project
from pipeline.data.processed import HINTS
from pipeline.stages import up_to_date

_MOST = 10  # columns with imputed values, and unseen categories of one column


def preprocess(
    root: Root = Path(), as_json: Json = False, force: Force = False
) -> None:
    """Check and clean data/raw, add built columns, and write data/processed.

    Example: pipeline preprocess
    """
    with steps(hidden=as_json):
        outcome = up_to_date.preprocess(Project(root), force=force)
    if as_json:
        print_json({**outcome.result, "skipped": outcome.skipped})
        return
    if outcome.skipped:
        say("data/processed is up to date; with --force it is shown again")
    else:
        show_preprocess(outcome.result)


def show_preprocess(record: dict[str, Any]) -> None:
    """Show the rows and columns, what was imputed and assumed, and hints."""
    rows, columns = record["rows"], record["columns"]
    table = make_table([""], ["train", "test"])
    table.add_row("rows", f"{rows['train']:,}", f"{rows['test']:,}")
    for kind in ("raw", "left out", "built", "own", "encoded"):
        number = columns[kind.replace(" ", "_")]
        if number or kind in ("raw", "encoded"):
            table.add_row(f"{kind} columns", str(number), str(number))
    show(f"Preprocessing by {record['schema']}", table)
    if record["filled"]:
        _show_imputed(record["filled"])
    if record["assumptions"]:
        show_assumptions(record["assumptions"])
    show_unseen("Categories only in test.csv", record["unseen_categories"])
    for hint in record["hints"]:
        say_wrapped(f"Hint: {HINTS[hint['about']].format(**hint)}")


def _show_imputed(imputed: list[dict[str, Any]]) -> None:
    table = make_table(["column"], ["train", "test", "imputed with"])
    for row in imputed[:_MOST]:
        median = row["value"]
        value = "no category" if median is None else f"median {median:.4g}"
        table.add_row(row["column"], str(row["train"]), str(row["test"]), value)
    total = len(imputed)
    show(f"Missing values imputed: top {min(_MOST, total)} of {total} columns", table)


def show_unseen(where: str, unseen: dict[str, list[str]]) -> None:
    """Show the categories that are not in the training rows, one line per column."""
    for name, values in unseen.items():
        more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
        shown = ", ".join(one_line(value, 60) for value in values[:_MOST]) + more
        say(f"{where}: {one_line(name, 60)} = {shown}")


def show_assumptions(assumptions: list[dict[str, Any]]) -> None:
    """Show the assumptions made, and in how many rows."""
    table = make_table(["file", "assumed", "columns"], ["rows", "first id"])
    order = itemgetter("file", "assumed")
    for (file, assumed), group in groupby(assumptions, key=order):
        alike = list(group)
        columns = ", ".join(assumption["column"] for assumption in alike)
        rows = max(assumption["rows"] for assumption in alike)
        first = min(assumption["first_id"] for assumption in alike)
        table.add_row(file, assumed, columns, str(rows), str(first))
    show("Ambiguous or inconsistent rows and how they were resolved", table)
