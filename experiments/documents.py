"""Tables in Markdown, and where they stand in docs/."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.core.files import write_atomically

SCORE, SPEED, TABLES = (
    Path(f"docs/{name}.md") for name in ("score", "speed", "tables")
)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose columns are aligned, numbers to the right."""
    columns = []
    for number, column in enumerate(zip(header, *rows, strict=True)):
        width = max(4, *map(len, column))
        rule = "-" * (width - 1) + (":" if number else "-")
        align = str.rjust if number else str.ljust
        cells = column[0], rule, *column[1:]
        columns.append([align(cell, width) for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in zip(*columns, strict=True))


def put(name: str, text: str, document: Path) -> None:
    """Print a text, and write it between the marks `name` of a document."""
    print(text)
    pattern = f"<!-- {name} -->.*?<!-- /{name} -->"
    part = f"<!-- {name} -->\n{text}\n<!-- /{name} -->"
    old = document.read_text(encoding="utf-8")
    new, found = re.subn(pattern, lambda _: part, old, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{document} has {found} parts named {name}")
    write_atomically(document, new)
