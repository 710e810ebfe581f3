"""The stage `download`: fetch and check train.csv and test.csv, copy them to data/raw.

The source is the copy bundled with the project, Kaggle, or a zip or folder of the user.
Of another competition than House Prices, sample_submission.csv is copied too. A zip is
not trusted: its files are read into memory, and nothing is unpacked to disk.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo, is_zipfile

from pipeline.ames import DIGESTS, ames_schema
from pipeline.ames.table import ames, is_ames
from pipeline.core.errors import UserError, one_line
from pipeline.core.files import open_temporary, remove_leftovers, sha256, writable
from pipeline.core.paths import PACKAGE, Project
from pipeline.core.progress import announce
from pipeline.data.csv_frames import read_blocks
from pipeline.data.csv_reader import not_a_file
from pipeline.data.raw import read_test, read_train

if TYPE_CHECKING:  # an optional dependency
    from pipeline.kaggle.client import Kaggle

BUNDLED, KAGGLE = "bundled", "kaggle"
PLACED, REPLACED, SAME = "placed", "replaced", "already there"
_NAMES = ("train.csv", "test.csv")
_SAMPLE = "sample_submission.csv"
MOST_BYTES = 100 * 2**20  # of a zip, and of the files read from it; Kaggle's has 1 MB


def download(
    project: Project,
    source: str = BUNDLED,
    competition: str | None = None,
    *,
    force: bool = False,
) -> dict[str, Any]:
    """Copy train.csv and test.csv to data/raw, after both have been checked.

    Args:
        project: The project.
        source: "bundled", "kaggle", or the path of a zip or a folder.
        competition: The competition on Kaggle; None is House Prices.
        force: Replace files that differ.

    Returns:
        The SHA-256 of each file and what was done with it, by its path.

    Raises:
        UserError: A file cannot be fetched or is invalid, or a different file is there
            already. Nothing is written in this case.
    """
    with TemporaryDirectory(prefix="download-") as name, _errors_name(source, name):
        folder = _fetch(source, competition, Path(name))
        names = [*_NAMES, *([_SAMPLE] if _has_sample(folder) else [])]
        digests = {name: _checked(folder / name) for name in names}
        states = {
            name: _state(project.raw / name, digest, force=force)
            for name, digest in digests.items()
        }
        _copy(folder, project.raw, [n for n in states if states[n] != SAME])
    return {
        "name": "houses",
        "from": source,
        "competition": competition,
        "files": {str(project.raw / name): digest for name, digest in digests.items()},
        "states": {str(project.raw / name): state for name, state in states.items()},
        "skipped": all(state == SAME for state in states.values()),
    }


def download_fashion_mnist(project: Project) -> dict[str, Any]:
    """Download Fashion-MNIST for the lessons.

    Returns:
        The SHA-256 of each file, by its path.

    Raises:
        UserError: OpenML cannot be reached, or the folder cannot be written to.
    """
    from pipeline.stages.fashion_mnist import download  # it loads torch

    paths = download(project)
    files = {str(path): sha256(path) for path in paths}
    return {"name": "fashion-mnist", "files": files}


def bundled() -> Path:
    """Return the folder of the bundled files.

    It is inside an installed package, and data/raw itself in a clone.
    """
    installed = PACKAGE / "bundled"
    return installed if installed.is_dir() else PACKAGE.parent / "data" / "raw"


def _fetch(source: str, competition: str | None, temporary: Path) -> Path:
    """Return the folder with the files; those of a zip are written to `temporary`."""
    if source == BUNDLED:
        return _intact(bundled())
    path = _from_kaggle(competition, temporary) if source == KAGGLE else Path(source)
    if path.is_dir():
        return path
    if not path.exists():
        raise UserError(
            f"--from {source}: no such file or folder; "
            "give bundled, kaggle, a zip or a folder"
        )
    for name, content in read_zip(path).items():
        (temporary / name).write_bytes(content)
    return temporary


def _from_kaggle(competition: str | None, temporary: Path) -> Path:
    """Download the zip of a competition, or its files if the zip is too large."""
    from pipeline.kaggle.client import TooLargeError, connect

    path = temporary / "download.zip"
    announce("downloading the competition's files from Kaggle")
    with connect(competition or str(ames_schema().competition)) as kaggle:
        try:
            path.write_bytes(kaggle.data(MOST_BYTES))
        except TooLargeError:
            _single_files(kaggle, temporary)
            return temporary
    return path


def _single_files(kaggle: "Kaggle", folder: Path) -> None:
    """Download the files alone: the zip of a competition may hold many more.

    Raises:
        UserError: A file cannot be downloaded or is too large.
    """
    from pipeline.kaggle.client import KaggleError

    for name in (*_NAMES, _SAMPLE):
        announce(f"downloading {name} alone, as the zip is large")
        try:
            content = kaggle.file(name, MOST_BYTES)
        except KaggleError as error:
            if name == _SAMPLE and error.status == 404:
                continue
            raise
        path = folder / name
        path.write_bytes(content)
        if is_zipfile(path):  # Kaggle compresses long files
            path.write_bytes(read_zip(path, [name])[name])


def read_zip(archive: Path, names: Sequence[str] = _NAMES) -> dict[str, bytes]:
    """Return some files, and the sample, if any, from any folder of a zip.

    Raises:
        UserError: The zip cannot be read, is too large, or does not have each file
            exactly once.
    """
    try:
        if archive.stat().st_size > MOST_BYTES:
            raise _refused(archive, f"more than {MOST_BYTES:,} bytes")
        with ZipFile(archive) as opened:
            found = _members(archive, opened, names)
            return {
                name: _content(archive, opened, member)
                for name, member in found.items()
            }
    except UserError:
        raise
    except OSError as error:
        reason = error.strerror or "the file is truncated"
        raise UserError(f"{archive}: cannot be read ({reason})") from None
    except Exception as error:  # zipfile raises many kinds for damaged files
        reason = f"not a readable zip ({one_line(error, 200)})"
        raise _refused(archive, reason) from None


def _members(
    archive: Path, opened: ZipFile, names: Sequence[str]
) -> dict[str, ZipInfo]:
    """Return the wanted files of a zip, by their names without folders."""
    files = [member for member in opened.infolist() if not member.is_dir()]
    found = {}
    for name in dict.fromkeys([*names, _SAMPLE]):
        named = [file for file in files if _name(file) == name]
        if len(named) > 1:
            raise _refused(archive, f"it contains {len(named)} files named {name}")
        if named:
            found[name] = named[0]
        elif name in names:
            held = ", ".join(map(_shown, files[:5])) or "no file"
            raise _refused(archive, f"no {name} in it, but {held}")
    size = sum(file.file_size for file in found.values())
    if size > MOST_BYTES:
        raise _refused(archive, f"{size:,} bytes when decompressed")
    return found


def _name(member: ZipInfo) -> str:
    return PurePosixPath(member.filename.replace("\\", "/")).name


def _content(archive: Path, opened: ZipFile, member: ZipInfo) -> bytes:
    # zipfile limits the memory that decompression takes for these two methods only.
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        why = f"{_shown(member)} has an unsupported compression method"
        raise _refused(archive, why)
    with opened.open(member) as stream:
        content = stream.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise _refused(archive, f"{_shown(member)} does not have its declared size")
    return content


def _shown(member: ZipInfo) -> str:
    return one_line(member.filename, 60)


def _refused(archive: Path, why: str) -> UserError:
    return UserError(
        f"{archive}: {why}; nothing was written; use the zip as downloaded from Kaggle"
    )


def _intact(folder: Path) -> Path:
    """Return the folder if its files are still the bundled ones."""
    for name, digest in DIGESTS.items():
        path = folder / name
        if not path.is_file() or sha256(path) != digest:
            raise UserError(
                f"{path}: not the file that was bundled with the project; "
                "`git checkout data/raw` restores it"
            )
    return folder


def _has_sample(folder: Path) -> bool:
    """Return whether a folder has a sample of a submission to other than Ames."""
    sample, train = folder / _SAMPLE, folder / _NAMES[0]
    return sample.is_file() and train.is_file() and not is_ames(train)


def _checked(path: Path) -> str:
    """Return the SHA-256 of a file after checking that `preprocess` can read it.

    Without the schema of another table, only its lines can be checked.
    """
    if not path.is_file():
        both = f"both {' and '.join(_NAMES)} are needed"
        raise UserError(f"{path}: {not_a_file(path, both)}")
    announce(f"checking {path.name}")
    if not is_ames(path):
        for _ in read_blocks(path, "give the file as it was downloaded"):
            pass
    elif path.name == _NAMES[0]:
        read_train(path, ames())
    else:
        read_test(path, ames())
    return sha256(path)


def _state(path: Path, digest: str, *, force: bool) -> str:
    """Return what copying a file of this digest does to data/raw."""
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
            f"{path}: a different file is there already (its SHA-256 differs); nothing "
            "was written; --force replaces it"
        )
    return SAME if same else REPLACED


def _copy(folder: Path, raw: Path, names: list[str]) -> None:
    """Copy all files to a temporary folder first, so that all or none are replaced."""
    if not names:
        remove_leftovers(raw)
        return
    with writable(raw), open_temporary(raw) as temporary:
        temporary.path.mkdir()
        for name in names:
            shutil.copyfile(folder / name, temporary.path / name)
        for name in names:
            (temporary.path / name).replace(raw / name)


@contextmanager
def _errors_name(source: str, temporary: str) -> Iterator[None]:
    """Name the source in errors, in place of the temporary folder."""
    try:
        yield
    except UserError as error:
        message = str(error).replace(f"{temporary}{os.sep}", f"{source}: ")
        raise UserError(message) from None
    except OSError as error:
        raise UserError(f"--from {source}: cannot be read ({error.strerror})") from None
