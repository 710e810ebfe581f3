"""Hidden drafts, which later take a name; those of killed processes are swept away.

A draft is locked (flock) by the process that writes it, and the lock ends with the
process, however that ends. So one without a lock is dead for certain, and one with a
lock is let alone. Where a file system has no such locks, nothing is swept.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_PREFIX = ".tmp-"


class Temporary(NamedTuple):
    """The name a draft will take, and where it lies until then."""

    name: str
    path: Path


@contextmanager
def open_temporary(
    parent: Path, names: Iterable[str], make: Callable[[Path], None]
) -> Iterator[Temporary]:
    """Draft what takes the first of the names that is free; remove it if that fails.

    The hidden name says which name is meant: who makes it has it, all others go on to
    the next. The block itself gives the draft its name.

    Raises:
        OSError: the folder cannot be written to, or all names are taken.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    claims = filter(None, (_claim(parent, name, make) for name in names))
    temporary, lock = next(claims, (None, 0))
    if temporary is None:
        raise FileExistsError(errno.EEXIST, "the name is taken", str(parent))
    try:
        yield temporary
    except BaseException:
        _remove(temporary.path)
        raise
    finally:
        os.close(lock)


def _claim(
    parent: Path, name: str, make: Callable[[Path], None]
) -> tuple[Temporary, int] | None:
    """Make the draft of a name and lock it, or None where the name is another's."""
    path = parent / f"{_PREFIX}{name}"
    try:
        make(path)
    except FileExistsError:
        return None
    try:
        lock = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # swept before it was locked
        return None
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX)
    if not _is_at(path, lock):
        os.close(lock)
        return None
    if (parent / name).exists():
        _remove(path)
        os.close(lock)
        return None
    return Temporary(name, path), lock


def _sweep(parent: Path) -> None:
    """Remove the drafts whose process is dead."""
    for path in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(path, lock):
                    _remove(path)
            finally:
                os.close(lock)


def _is_at(path: Path, handle: int) -> bool:
    """Whether an open file or folder still lies there, and no other in its place."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
