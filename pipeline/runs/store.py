"""Run folders: find, read and list them, with the standard library alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.core.errors import UserError
from pipeline.core.files import read_json
from pipeline.core.fingerprint import record_digest
from pipeline.core.paths import Project

RECORD = "run.json"
WEIGHTS = "weights.safetensors"
RUNGS = "rungs"  # the folder of a ladder's rungs, one folder each


def list_runs(project: Project) -> list[dict[str, Any]]:
    """The records of all finished runs, newest first."""
    read = map(_read, _records(project))
    records = [record for record in read if record is not None]
    return sorted(records, key=_moment, reverse=True)


def find_run(project: Project, run_id: str | None = None) -> dict[str, Any]:
    """The record of a run, or of the newest one, which has the last id.

    Raises:
        UserError: there is no such run, or its record cannot be read.
    """
    ids = sorted(path.parent.name for path in _records(project))
    if not ids:
        raise UserError(f"{project.runs}: no run yet; `pipeline train` makes one")
    if run_id is not None and run_id not in ids:
        raise UserError(
            f"{project.runs}: no run is called {run_id}; `pipeline runs` lists them"
        )
    path = project.runs / (ids[-1] if run_id is None else run_id) / RECORD
    record = _read(path)
    if record is None:
        raise UserError(
            f"{path}: not the record of this run; put it back, or train again"
        )
    return record


def is_edited(record: dict[str, Any]) -> bool:
    """Whether a record is another than the one that was written."""
    return bool(record.get("digest") != record_digest(record))


def _records(project: Project) -> Iterator[Path]:
    """Where the record of each run lies, be it readable or not."""
    return project.runs.glob(f"[!.]*/{RECORD}")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = read_json(path)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    wanted = ("run_id", "created", "fingerprint")
    if not all(isinstance(record.get(name), str) for name in wanted):
        return None
    return record if record["run_id"] == path.parent.name else None


def _moment(record: dict[str, Any]) -> tuple[str, str]:
    """When a run began; of two in one millisecond, the second has the later id."""
    return record["created"], record["run_id"]
