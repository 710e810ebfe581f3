"""Run folders: find, read and list them, with the standard library alone."""

import json
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.paths import Folders

RECORD = "run.json"
WEIGHTS = "weights.safetensors"
RUNGS = "rungs"  # the folder of a ladder's rungs, one folder each


def list_runs(folders: Folders) -> list[dict[str, Any]]:
    """The records of all finished runs, newest first."""
    paths = folders.runs.glob(f"[!.]*/{RECORD}")
    records = [record for path in paths if (record := _read(path)) is not None]
    return sorted(records, key=lambda record: record["created"], reverse=True)


def find_run(folders: Folders, run_id: str | None = None) -> dict[str, Any]:
    """The record of a run, or of the newest one.

    Raises:
        UserError: there is no such run.
    """
    runs = list_runs(folders)
    if not runs:
        raise UserError(f"{folders.runs}: no run yet; `pipeline train` makes one")
    if run_id is None:
        return runs[0]
    for record in runs:
        if record["run_id"] == run_id:
            return record
    raise UserError(
        f"{folders.runs}: no run is called {run_id}; `pipeline runs` lists them"
    )


def same_run(folders: Folders, fingerprint: str) -> dict[str, Any] | None:
    """The newest run with this fingerprint, if there is one."""
    for record in list_runs(folders):
        if record["fingerprint"] == fingerprint:
            return record
    return None


def experiment_table(folders: Folders) -> list[dict[str, Any]]:
    """The records with the submission each has, if any, newest first."""
    table = []
    for record in list_runs(folders):
        path = folders.submissions / f"{record['run_id']}.csv"
        table.append({**record, "submission": str(path) if path.is_file() else None})
    return table


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    wanted = {"run_id", "created", "fingerprint"}
    if not isinstance(record, dict) or not wanted <= record.keys():
        return None
    return record if record["run_id"] == path.parent.name else None
