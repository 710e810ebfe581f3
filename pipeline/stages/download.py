"""The competition's two files: fetch them, check them, place them in data/raw.

They come with the project, from Kaggle, or from a zip or a folder of the user's.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import uuid4

from pipeline.core.errors import UserError
from pipeline.core.files import sha256, writable
from pipeline.core.paths import PACKAGE, Project
from pipeline.core.staging import open_temporary
from pipeline.data.raw import read_test, read_train
from pipeline.kaggle.zip_reader import read_files

BUNDLED, KAGGLE = "bundled", "kaggle"
PLACED, REPLACED, SAME = "placed", "replaced", "already there"
_READERS = {"train.csv": read_train, "test.csv": read_test}
# SHA-256 of the files that come with the project, which are Kaggle's.
DIGESTS = {
    "train.csv": "1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41",
    "test.csv": "8fdd3d829d4d986b58f845c9553b225e67dd8383624d90fb6ca1d4bed5798c1e",
}


class Placed(NamedTuple):
    """A file of data/raw, its SHA-256, and what was done."""

    path: Path
    digest: str
    state: str


def download(
    project: Project, source: str = BUNDLED, *, force: bool = False
) -> list[Placed]:
    """Place train.csv and test.csv, once both are found to be what they should be.

    Args:
        project: of the project.
        source: "bundled", "kaggle", or the path of a zip or a folder.
        force: replace files that differ.

    Raises:
        UserError: the files cannot be had or used, or others are there; nothing is
            written then.
    """
    with TemporaryDirectory(prefix="houses-") as name, _told_as(source, name):
        folder = _fetch(source, Path(name))
        digests = {name: _checked(folder / name) for name in _READERS}
        states = {
            name: _state(project.raw / name, digest, force=force)
            for name, digest in digests.items()
        }
        _place(folder, project.raw, [n for n in states if states[n] != SAME])
    return [Placed(project.raw / n, digests[n], states[n]) for n in _READERS]


def bundled() -> Path:
    """The folder of the files that come with the project.

    In an installed package it lies inside; in a clone it is data/raw itself.
    """
    installed = PACKAGE / "bundled"
    return installed if installed.is_dir() else PACKAGE.parent / "data" / "raw"


def _fetch(source: str, temporary: Path) -> Path:
    """The folder of the source's files; what has to be unpacked goes into `draft`."""
    if source == BUNDLED:
        return _intact(bundled())
    path = _from_kaggle(temporary) if source == KAGGLE else Path(source)
    if path.is_dir():
        return path
    if not path.exists():
        raise UserError(
            f"--from {source}: no such file or folder; "
            "give bundled, kaggle, a zip or a folder"
        )
    for name, content in read_files(path, list(_READERS)).items():
        (temporary / name).write_bytes(content)
    return temporary


def _from_kaggle(temporary: Path) -> Path:
    """The competition's zip, fetched."""
    from pipeline.kaggle.client import connect

    path = temporary / "houses.zip"
    with connect() as kaggle:
        path.write_bytes(kaggle.data())
    return path


def _intact(folder: Path) -> Path:
    """The folder, if its files are still those that came with the project."""
    for name, digest in DIGESTS.items():
        path = folder / name
        if not path.is_file() or sha256(path) != digest:
            raise UserError(
                f"{path}: not the file that came with the project; "
                "`git checkout data/raw` brings it back"
            )
    return folder


def _checked(path: Path) -> str:
    """The SHA-256 of a file that preprocess can read."""
    if not path.is_file():
        raise UserError(
            f"{path}: no such file; both {' and '.join(_READERS)} are needed"
        )
    _READERS[path.name](path)
    return sha256(path)


def _state(path: Path, digest: str, *, force: bool) -> str:
    """What placing a file of this digest does to the one that may be there."""
    if not path.exists():
        return PLACED
    try:
        same = sha256(path) == digest
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); move it away"
        ) from None
    if not same and not force:
        raise UserError(
            f"{path}: another file is there already (its SHA-256 differs); nothing was "
            "written; --force replaces it"
        )
    return SAME if same else REPLACED


def _place(folder: Path, raw: Path, names: list[str]) -> None:
    """Copy the files beside their places first, so that all or none is replaced."""
    if not names:
        return
    draft_names = [uuid4().hex]
    with writable(raw), open_temporary(raw, draft_names, Path.mkdir) as temporary:
        for name in names:
            shutil.copyfile(folder / name, temporary.path / name)
        for name in names:
            (temporary.path / name).replace(raw / name)
        temporary.path.rmdir()


@contextmanager
def _told_as(source: str, temporary: str) -> Iterator[None]:
    """Name the source where an error would name the folder it was unpacked into."""
    try:
        yield
    except UserError as error:
        raise UserError(str(error).replace(f"{temporary}/", f"{source}: ")) from None
    except OSError as error:
        raise UserError(f"--from {source}: cannot be read ({error.strerror})") from None
