"""What `preprocess` read, filled and assumed."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from pipeline.cli.tables.console import make_table, say, show

_MOST = 10  # of the columns filled, and of the words met in test.csv only


def show_preprocess(record: dict[str, Any]) -> None:
    """What was read, what was filled, and what was assumed."""
    rows, columns = record["rows"], record["columns"]
    table = make_table([""], ["train", "test"])
    table.add_row("rows", f"{rows['train']:,}", f"{rows['test']:,}")
    table.add_row("columns in", *[str(columns["raw"])] * 2)
    table.add_row("columns built", *[str(columns["built"])] * 2)
    table.add_row("columns out, encoded", *[str(columns["encoded"])] * 2)
    show("Preprocessing", table)
    _show_filled(record["filled"])
    show_assumptions(record["assumptions"])
    show_unseen("In test.csv only", record["unseen_categories"])


def _show_filled(filled: list[dict[str, Any]]) -> None:
    table = make_table(["column"], ["train", "test", "filled with"])
    for row in filled[:_MOST]:
        median = row["value"]
        value = "all-zero" if median is None else f"median {median:.4g}"
        table.add_row(row["column"], str(row["train"]), str(row["test"]), value)
    shown = min(_MOST, len(filled))
    show(f"Unknown values filled: the {shown} largest of {len(filled)}", table)


def show_unseen(where: str, unseen: dict[str, list[str]]) -> None:
    """Words that the networks do not know, column by column."""
    for name, words in unseen.items():
        more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
        shown = ", ".join(words[:_MOST]) + more
        say(f"{where}: {name} = {shown} (encoded as all-zero)")


def show_assumptions(assumptions: list[dict[str, Any]]) -> None:
    """What was assumed of rows, and of how many."""
    table = make_table(["file", "assumed", "columns"], ["rows", "first Id"])
    order = itemgetter("file", "assumed")
    for (file, assumed), group in groupby(assumptions, key=order):
        same = list(group)
        columns = ", ".join(each["column"] for each in same)
        rows = max(each["rows"] for each in same)
        first = min(each["first_id"] for each in same)
        table.add_row(file, assumed, columns, str(rows), str(first))
    show("Assumed where a row leaves it open or contradicts itself", table)
