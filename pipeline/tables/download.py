"""The files that `download` placed."""

from typing import Any

from pipeline.tables.console import make_table, show


def show_download(record: dict[str, Any]) -> None:
    """What was placed, with checksums."""
    table = make_table(["file", "SHA-256"], [])
    for path, digest in record["files"].items():
        table.add_row(path, digest)
    show(f"Placed: {record['name']}", table)
