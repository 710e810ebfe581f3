"""Find and list the runs of a project."""

from pathlib import Path

from pipeline.core.errors import UserError
from pipeline.core.files import read_json
from pipeline.core.paths import Project
from pipeline.runs.record import RECORD, Run


def list_runs(project: Project) -> list[Run]:
    """Return all finished runs, newest first, without those that cannot be read."""
    runs = []
    for path in _records(project):
        try:
            runs.append(_read(path))
        except ValueError:
            continue
    return sorted(runs, key=lambda run: (run.created, run.run_id), reverse=True)


def find_run(project: Project, run_id: str | None = None) -> Run:
    """Return a run by its id; by default the newest, which has the last id.

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
    try:
        return _read(path)
    except ValueError as error:
        raise UserError(
            f"{path}: not the record of this run ({error}); restore it or train again"
        ) from None


def newest_baselines(project: Project) -> Run | None:
    """Return the newest run of `pipeline baselines`, or None."""
    return next((run for run in list_runs(project) if run.baselines), None)


def _records(project: Project) -> list[Path]:
    """Return the path of each run's record, whether it can be read or not."""
    return list(project.runs.glob(f"[!.]*/{RECORD}"))


def _read(path: Path) -> Run:
    """Read a record.

    Raises:
        ValueError: it is not as `pipeline train` writes it, or cannot be read.
    """
    try:
        return Run.from_json(path.parent, read_json(path))
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from None
