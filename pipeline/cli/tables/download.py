"""The files that `download` placed."""

from typing import Any

from pipeline.cli.tables.console import say


def show_download(record: dict[str, Any]) -> None:
    """What was done with each file, and its checksum in full."""
    states = record.get("states", {})
    for path, digest in record["files"].items():
        say(f"{path}: {states.get(path, 'placed')}")
        say(f"  SHA-256 {digest}")
