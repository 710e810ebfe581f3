"""Runs are evidence: what a run says of itself, and whether that still holds.

run.json has the SHA-256 of every input, of every other file of its folder, and of its
own content but for that line. They tell what was edited, exchanged, damaged or lost
since. They are no signature: who may write to the folder may write new ones.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.core.fingerprint import digests, record_digest
from pipeline.core.paths import Project
from pipeline.data.processed import raw_digests
from pipeline.runs.store import RECORD, is_edited

_AGAIN = "put it back, or train again"


def seal(folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The record of a run, with the digests of its folder's files and its own."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    sealed = {**record, "files": digests(folder, names)}
    return {**sealed, "digest": record_digest(sealed)}


def changes(project: Project, record: dict[str, Any]) -> Iterator[str]:
    """A line for each file of a run, or of data/raw, that is not as it was."""
    run = record["run_id"]
    yield from run_changes(project, record)
    inputs = _table(record, "inputs")
    for name, digest in raw_digests(project).items():
        if digest != inputs.get(name):
            yield f"{project.root / name}: not what {run} was trained on; {_AGAIN}"


def run_changes(project: Project, record: dict[str, Any]) -> Iterator[str]:
    """A line for each file of a run that is not as the run was finished."""
    folder = project.runs / record["run_id"]
    if is_edited(record):
        yield f"{folder / RECORD}: not as the run was finished; {_AGAIN}"
    files = _table(record, "files")
    for name, digest in digests(folder, files).items():
        if digest != files[name]:
            yield f"{folder / name}: not as the run was finished; {_AGAIN}"


def _table(record: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of digests; a record that others wrote may have anything there."""
    table = record.get(name)
    return table if isinstance(table, dict) else {}
