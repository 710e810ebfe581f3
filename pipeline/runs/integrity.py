"""Integrity check: whether the files of a run, or its data, have changed.

run.json has the SHA-256 of every input, of every other file of the run's folder, and of
its own content without that line. The digests show edited, exchanged, damaged and lost
files. They are no signature: who can write to the folder can write new ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.core.errors import UserError
from pipeline.core.fingerprint import digests, record_digest
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.processed import raw_digests
from pipeline.runs.record import RECORD, Run
from pipeline.runs.store import find_run

_AGAIN = "restore it or train again"


def seal(folder: Path, run: Run) -> Run:
    """Return the run with the digests of the files in a folder, and its own."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    sealed = replace(run, files=digests(folder, names))
    return replace(sealed, digest=record_digest(sealed.to_json()))


def runs_to_blend(project: Project, run_ids: Sequence[str]) -> list[Run]:
    """Find the runs that the user wants to blend.

    Raises:
        UserError: There are fewer than two runs, or one of them has changed or is a
            blend of runs.
    """
    if len(set(run_ids)) < max(2, len(run_ids)):
        raise UserError("blend: give two run ids or more, each once")
    runs = [find_run(project, run_id) for run_id in run_ids]
    for run in runs:
        if run.blended:
            raise UserError(f"{run.run_id}: a blend of runs; give the runs themselves")
        for change in changes(project, run):
            raise UserError(change)
    return runs


def changes(project: Project, run: Run) -> Iterator[str]:
    """Yield a line for each file of a run, or of data/raw, that has changed."""
    yield from run_changes(run)
    yield from data_changes(project, run)


def data_changes(project: Project, run: Run) -> Iterator[str]:
    """Yield a line for each file of data/raw that the run was not trained on."""
    found = raw_digests(project)
    inputs = run.inputs.items()
    trained_on = {n: digest for n, digest in inputs if n.startswith("data/raw/")}
    for name in dict.fromkeys([*found, *trained_on]):
        if found.get(name) != trained_on.get(name):
            yield (
                f"{project.root / name}: changed since {run.run_id} was trained on it; "
                f"{_AGAIN}"
            )


def run_changes(run: Run) -> Iterator[str]:
    """Yield a line for each file of a run that has changed since the run finished."""
    announce(f"checking the files of {run.run_id}")
    if run.is_edited:
        yield f"{run.folder / RECORD}: changed since the run finished; {_AGAIN}"
    for name, digest in digests(run.folder, run.files).items():
        if digest != run.files[name]:
            yield f"{run.folder / name}: changed since the run finished; {_AGAIN}"
