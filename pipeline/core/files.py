"""Write files and folders atomically; read and write JSON; compute SHA-256.

What is written has a temporary path `.tmp-<name>`, and gets its name when complete. Its
process holds the lock file `.tmp-<name>.lock` beside it. The system frees the lock when
the process ends, however it ends, so a temporary path whose lock is free is a leftover.
Where a file system has no locks, no leftover is removed and everything else works.
"""

import atexit
import errno
import hashlib
import json
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from pipeline.core.errors import UserError
from pipeline.core.progress import announce

_PREFIX, _LOCK = ".tmp-", ".lock"
_WAIT = 0.2  # seconds for a lock, which another process may hold while it cleans up
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
_written: set[Path] = set()  # the folders that this process writes to


class Temporary(NamedTuple):
    """The final name of a file or folder, and its path until it is renamed."""

    name: str
    path: Path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_regular(path: Path) -> None:
    """Check that a path is a file or nothing: opening a pipe could block forever.

    Raises:
        OSError: It is a pipe, a device or a folder.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a file", str(path))


def to_json(record: Mapping[str, Any]) -> str:
    """Return a record as indented JSON; NaN and infinity, not in JSON, are refused."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:  # noqa: ANN401
    """Return the content of a JSON file; NaN, Infinity and 1e999 are refused.

    Raises:
        OSError: The file cannot be read, or is a pipe.
        ValueError: The file is not valid JSON.
    """
    check_regular(path)
    text = path.read_text(encoding="utf-8")
    return json.loads(text, parse_float=_finite, parse_constant=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number")
    return number


def write_atomically(path: Path, content: bytes | str | Iterable[str]) -> str:
    """Write a file atomically: a reader sees the old content or the new content.

    Args:
        path: The file to write.
        content: All of it, or an iterable of parts that need not fit into memory.

    Returns:
        The SHA-256 of the content, in hexadecimal.

    Raises:
        UserError: The folder cannot be written to.
    """
    parts = [content] if isinstance(content, bytes | str) else content
    digest = hashlib.sha256()
    with writable(path.parent), open_temporary(path.parent) as temporary:
        with temporary.path.open("wb") as file:
            for part in parts:
                data = part.encode() if isinstance(part, str) else part
                digest.update(data)
                file.write(data)
        temporary.path.replace(path)
    return digest.hexdigest()


@contextmanager
def atomic_folder(parent: Path, names: Iterable[str]) -> Iterator[Temporary]:
    """Fill a temporary folder, which is renamed to the first free name at the end.

    The name is reserved at the beginning. If the block raises, nothing is left.

    Raises:
        UserError: The parent folder cannot be written to, or no name is free.
    """
    with ExitStack() as stack:
        with writable(parent):
            temporary = stack.enter_context(open_temporary(parent, names))
            temporary.path.mkdir()
        yield temporary
        with writable(parent):
            temporary.path.replace(parent / temporary.name)


@contextmanager
def open_temporary(
    parent: Path, names: Iterable[str] | None = None
) -> Iterator[Temporary]:
    """Reserve the first free name, and give a temporary path for it.

    A name is free if nothing in the folder has it and no other process has reserved
    it. The block makes the path and renames it; what it leaves there is removed.

    Args:
        parent: The folder, which is made if it does not exist.
        names: The names to try, in order; random names by default.

    Raises:
        OSError: The folder cannot be written to, or no name is free.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _written.add(parent)
    remove_leftovers(parent)
    for name in names or (uuid4().hex for _ in count()):
        path, final = parent / f"{_PREFIX}{name}", parent / name
        if final.exists():
            continue
        with _lock(path, timeout=_WAIT) as is_locked:
            # While waiting for the lock, another process may have finished. Where
            # there are no locks, it may still be writing.
            if is_locked is None or final.exists() or path.exists():
                continue
            try:
                yield Temporary(name, path)
                return
            finally:
                _remove(path)
    raise FileExistsError(errno.EEXIST, "the name is taken", str(parent))


def remove_leftovers(parent: Path) -> None:
    """Remove the temporary paths and lock files of processes that have ended.

    This is done before anything is written to the folder. A stage that has nothing to
    write calls it too, so that repeating a killed command leaves no trace of it.
    """
    names = {path.name.removesuffix(_LOCK) for path in parent.glob(f"{_PREFIX}*")}
    for path in (parent / name for name in names):
        with suppress(OSError), _lock(path, timeout=0) as is_locked:
            if is_locked:
                _remove(path)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process at a time work on a file: wait for the others first.

    Raises:
        UserError: The folder cannot be written to.
    """
    with ExitStack() as stack:
        with writable(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{_PREFIX}{path.name}")
            if stack.enter_context(_lock(temporary, timeout=0)) is None:
                announce(f"waiting for another process that uses {path}")
                stack.enter_context(_lock(temporary, timeout=-1))
        yield


@atexit.register
def _remove_interrupted() -> None:
    """Remove what an interrupt left that came while a path was locked or freed."""
    for parent in _written:
        remove_leftovers(parent)


@contextmanager
def _lock(path: Path, timeout: float) -> Iterator[bool | None]:
    """Lock a temporary path.

    Yields:
        True; False where there are no locks; None if another process has the lock.
    """
    from filelock import FileLock, Timeout  # --help needs no locks

    lock = FileLock(f"{path}{_LOCK}", fallback_to_soft=False)
    is_locked: bool | None = True
    try:
        lock.acquire(timeout=timeout, poll_interval=0.01)
    except Timeout:
        is_locked = None
    except NotImplementedError:  # raised for ENOSYS before version 4 of filelock
        is_locked = False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        is_locked = False
    try:
        yield is_locked
    finally:
        if is_locked:
            # Removed before it is released: then another process may lock the same
            # file. Windows cannot remove an open file; there, release() removes it.
            with suppress(OSError):
                Path(lock.lock_file).unlink()
            lock.release()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Convert an `OSError` while writing to an error for the user.

    Raises:
        UserError: The folder cannot be written to.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"{folder}: cannot be written to ({reason}); "
            "free space, fix its permissions, or choose another --root"
        ) from error
