"""Integrity check: whether the files of a run, or its data, have changed.

run.json has the SHA-256 of every input, of every other file of the run's folder, and of
its own content without that line. The digests show edited, exchanged, damaged and lost
files. They are no signature: who can write to the folder can write new ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.errors import UserError
from pipeline.core.fingerprint import digests, record_digest
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.core.settings import MODELS
from pipeline.data.csv_reader import read_rows
from pipeline.data.processed import raw_digests
from pipeline.runs.record import BLEND, OUT_OF_FOLD, PREDICTIONS, RECORD, Run
from pipeline.runs.store import find_run

_AGAIN = "restore it or train again"


def seal(folder: Path, run: Run) -> Run:
    """Return the run with the digests of the files in a folder, and its own."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    sealed = replace(run, files=digests(folder, names))
    return replace(sealed, digest=record_digest(sealed.to_json()))


@dataclass(frozen=True)
class OwnModel:
    """A folder with oof.csv and predictions.csv of a model of the user's own."""

    folder: Path

    @property
    def run_id(self) -> str:
        """The name of the folder, in place of a run id."""
        return self.folder.resolve().name

    @property
    def oof(self) -> Path:
        """The file of the out-of-fold predictions."""
        return self.folder / OUT_OF_FOLD

    @property
    def has_folds(self) -> bool:
        """Whether the file has folds, so that they can be checked."""
        _, header = next(read_rows(self.oof, "write it again"))
        return "fold" in header

    @property
    def files(self) -> dict[str, str | None]:
        """The digests of both files, by the names that run.json has for them."""
        found = digests(self.folder, (OUT_OF_FOLD, PREDICTIONS))
        return {f"{self.run_id}/{name}": digest for name, digest in found.items()}

    @property
    def digest(self) -> str:
        """The digest of both files."""
        return record_digest(self.files)


def runs_to_blend(project: Project, words: Sequence[str]) -> list[Run | OwnModel]:
    """Find the runs, and the folders of own models, that the user wants to blend.

    Args:
        project: The project.
        words: Run ids, and paths of folders.

    Raises:
        UserError: There are fewer than two, there is no run among them, one of the runs
            has changed or is a blend of runs, or a folder has the name of a model.
    """
    own = [OwnModel(Path(word)) for word in words if Path(word, OUT_OF_FOLD).is_file()]
    folders = {str(model.folder): model for model in own}
    runs = [find_run(project, word) for word in words if str(Path(word)) not in folders]
    found: list[Run | OwnModel] = [*runs, *own]
    names = [each.run_id for each in found]
    if len(set(names)) < max(2, len(words)) or not runs:
        raise UserError(
            "blend: give two run ids or more, each once, or a run id and folders with "
            "oof.csv and predictions.csv"
        )
    for name in names:
        if name in {BLEND, *MODELS} or not name.isprintable():
            raise UserError(f"{name}: the name of a model; rename the folder")
    for run in runs:
        if run.blended:
            raise UserError(f"{run.run_id}: a blend of runs; give the runs themselves")
        for change in changes(project, run):
            raise UserError(change)
    return found


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
