"""Find and list the runs of a project."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import UserError
from pipeline.core.files import check_regular, read_json, write_atomically
from pipeline.core.paths import Project
from pipeline.runs.record import RECORD, OtherFormatError, Run, run_schema

BEST = "best"  # in place of a run id
_SELECTED = "selected-run"  # in data/processed, since runs/ has folders of runs


class Runs(NamedTuple):
    """The finished runs, newest first, and the ids of those that are not usable.

    Attributes:
        usable: The runs.
        other_formats: The ids of the runs that another version wrote.
        broken: The ids of the runs whose record cannot be read.
        older: How many runs are older than these, and were not read.
    """

    usable: list[Run]
    other_formats: list[str]
    broken: list[str]
    older: int = 0


def read_runs(project: Project, most: int | None = None) -> Runs:
    """Read the records of all runs, or of the newest that are usable."""
    runs = Runs([], [], [])
    paths = sorted(_records(project), reverse=True)  # a run id is a moment
    while paths and len(runs.usable) != most:
        path = paths.pop(0)
        try:
            runs.usable.append(_read(path))
        except OtherFormatError:
            runs.other_formats.append(path.parent.name)
        except ValueError:
            runs.broken.append(path.parent.name)
    runs.usable.sort(key=lambda run: (run.created, run.run_id), reverse=True)
    return runs._replace(older=len(paths))


def list_runs(project: Project) -> list[Run]:
    """Return all finished runs, newest first, without those that cannot be read."""
    return read_runs(project).usable


def select(project: Project, run: Run) -> None:
    """Make a run the one that commands use if they are given no run id.

    Raises:
        UserError: data/processed cannot be written to.
    """
    if run.run_id != _selected(project):
        write_atomically(project.processed / _SELECTED, f"{run.run_id}\n")


def find_run(project: Project, run_id: str | None = None) -> Run:
    """Return a run by its id; by default the run of the last `train` or `blend`.

    `BEST` is the one with the lowest score on the rows and folds of the newest run.
    If `train` and `blend` made no run yet, the default is the newest run of `tune` that
    is not refuted. A run of `baselines`, or one that is refuted, is used only by its
    id.

    Raises:
        UserError: There is no such run, or its record cannot be read.
    """
    ids = sorted((path.parent.name for path in _records(project)), reverse=True)
    if not ids:
        raise UserError(f"{project.runs}: no run yet; `pipeline train` makes one")
    if run_id is None:
        return _default(project, ids)
    if run_id == BEST:
        return _best(project)
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


def newest_baselines(
    project: Project, is_meant: Callable[[Run], bool] = lambda run: True
) -> Run | None:
    """Return the newest run of `pipeline baselines` that is meant, or None."""
    runs = (run for run in list_runs(project) if run.baselines)
    return next((run for run in runs if is_meant(run)), None)


def _best(project: Project) -> Run:
    """Return the run with the lowest score on the rows and folds of the newest one.

    Raises:
        UserError: There is no run but of `baselines`, or of refuted settings.
    """
    runs = [run for run in list_runs(project) if _may_be_default(run)]
    if not runs:
        raise UserError(f"{project.runs}: no run to choose from; `pipeline train`")
    alike = [run for run in runs if same_folds(run, runs[0])]
    return min(alike, key=lambda run: run.final.pooled)


def _default(project: Project, ids: list[str]) -> Run:
    """Return the selected run; if it is gone, the newest that may take its place."""
    selected = _selected(project)
    if selected in ids:
        return _require(project, selected)
    found = None
    for run in (_require(project, each) for each in ids):
        if run.command in ("train", "blend"):
            return run
        if found is None and _may_be_default(run):
            found = run
    if found is None:
        raise UserError(
            f"{project.runs}: no run of `pipeline train` yet; run it, or give the id "
            "of another run: `pipeline runs` lists them"
        )
    return found


def _may_be_default(run: Run) -> bool:
    """Return whether a run is not of `baselines`, and not one that is refuted."""
    return not (run.search.is_refuted if run.search else run.baselines)


def _selected(project: Project) -> str | None:
    path = project.processed / _SELECTED
    try:
        check_regular(path)
        return path.read_text(encoding="utf-8").strip()
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


def same_rows(first: Run, second: Run) -> bool:
    """Return whether two runs predict the same target of the same rows, by one metric.

    Otherwise their scores cannot be compared.
    """
    if first.metric != second.metric or _rows(first) != _rows(second):
        return False
    if first.schema == second.schema:
        return True
    return run_schema(first).target == run_schema(second).target


def same_folds(first: Run, second: Run) -> bool:
    """Return whether two runs have the same rows and were validated on the same folds.

    Otherwise the difference of their scores is partly chance of the folds.
    """
    ours, theirs = first.settings, second.settings
    if (ours.folds, ours.seed) != (theirs.folds, theirs.seed):
        return False
    if not same_rows(first, second):
        return False
    is_same = first.schema == second.schema
    return is_same or run_schema(first).group == run_schema(second).group


def _rows(run: Run) -> str | None:
    return run.inputs.get("data/raw/train.csv")
