"""Find and list the runs of a project."""

from pathlib import Path

from pipeline.core.errors import UserError
from pipeline.core.files import read_json, write_atomically
from pipeline.core.paths import Project
from pipeline.runs.record import RECORD, OtherFormatError, Run

_SELECTED = "selected-run"  # in data/processed, since runs/ has folders of runs


def list_runs(project: Project) -> list[Run]:
    """Return all finished runs, newest first, without those that cannot be read."""
    runs = []
    for path in _records(project):
        try:
            runs.append(_read(path))
        except ValueError:
            continue
    return sorted(runs, key=lambda run: (run.created, run.run_id), reverse=True)


def other_formats(project: Project) -> list[str]:
    """Return the ids of the runs that another version wrote, which are not listed."""
    found = []
    for path in _records(project):
        try:
            _read(path)
        except OtherFormatError:
            found.append(path.parent.name)
        except ValueError:
            continue
    return sorted(found)


def select(project: Project, run: Run) -> None:
    """Make a run the one that commands use if they are given no run id.

    Raises:
        UserError: data/processed cannot be written to.
    """
    if run.run_id != _selected(project):
        write_atomically(project.processed / _SELECTED, f"{run.run_id}\n")


def find_run(project: Project, run_id: str | None = None) -> Run:
    """Return a run by its id; by default the run of the last `train` or `blend`.

    If these made no run yet, it is the newest run of `tune` that is not refuted. A run
    of `baselines`, or one that is refuted, is used only by its id.

    Raises:
        UserError: There is no such run, or its record cannot be read.
    """
    ids = sorted((path.parent.name for path in _records(project)), reverse=True)
    if not ids:
        raise UserError(f"{project.runs}: no run yet; `pipeline train` makes one")
    if run_id is None:
        return _default(project, ids)
    if run_id not in ids:
        raise UserError(
            f"{project.runs}: no run is called {run_id}; `pipeline runs` lists them"
        )
    return _require(project, run_id)


def selected_run(project: Project) -> Run | None:
    """Return the run that commands use by default, or None if there is none."""
    try:
        return find_run(project)
    except UserError:
        return None


def newest_baselines(project: Project) -> Run | None:
    """Return the newest run of `pipeline baselines`, or None."""
    return next((run for run in list_runs(project) if run.baselines), None)


def _default(project: Project, ids: list[str]) -> Run:
    """Return the selected run; if it is gone, the newest that may take its place."""
    selected = _selected(project)
    if selected in ids:
        return _require(project, selected)
    found = None
    for run in (_require(project, each) for each in ids):
        if run.command in ("train", "blend"):
            return run
        if found is None and run.search and not run.search.is_refuted:
            found = run
    if found is None:
        raise UserError(
            f"{project.runs}: no run of `pipeline train` yet; run it, or give the id "
            "of another run: `pipeline runs` lists them"
        )
    return found


def _selected(project: Project) -> str | None:
    try:
        return (project.processed / _SELECTED).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None


def _require(project: Project, run_id: str) -> Run:
    path = project.runs / run_id / RECORD
    try:
        return _read(path)
    except OtherFormatError as error:
        raise UserError(f"{path}: {error}") from None
    except ValueError as error:
        raise UserError(
            f"{path}: not the record of this run ({error}); restore it or train again"
        ) from None


def _records(project: Project) -> list[Path]:
    """Return the path of each run's record, whether it can be read or not."""
    return list(project.runs.glob(f"[!.]*/{RECORD}"))


def _read(path: Path) -> Run:
    """Read a record.

    Raises:
        ValueError: It is not as `pipeline train` writes it, or cannot be read.
    """
    try:
        return Run.from_json(path.parent, read_json(path))
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from None
