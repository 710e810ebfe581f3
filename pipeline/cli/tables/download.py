"""What `download` shows."""

from typing import Any

from pipeline.cli.tables.console import say


def show_download(record: dict[str, Any]) -> None:
    """Show what was done with each file, and its SHA-256."""
    states = record.get("states", {})
    for path, digest in record["files"].items():
        say(f"{path}: {states.get(path, 'placed')}")
        say(f"  SHA-256 {digest}")
