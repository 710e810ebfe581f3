"""Temporary files and folders, renamed when complete; leftovers are removed.

The process that writes a temporary path `.tmp-<name>` holds the lock file
`.tmp-<name>.lock` beside it. The system frees the lock when the process ends, however
it ends, so a temporary path whose lock is free is a leftover. Where a file system has
no locks, no leftover is removed and everything else works as usual.
"""

import atexit
import errno
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

_PREFIX, _LOCK = ".tmp-", ".lock"
_WAIT = 0.2  # seconds for a lock, which another process may hold while it cleans up
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
_written: set[Path] = set()  # the folders that this process writes to


class Temporary(NamedTuple):
    """The final name of a file or folder, and its path until it is renamed."""

    name: str
    path: Path


@contextmanager
def open_temporary(
    parent: Path, names: Iterable[str], make: Callable[[Path], None]
) -> Iterator[Temporary]:
    """Reserve the first free name and make a temporary path for it.

    A name is free if nothing in the folder has it and no other process has reserved
    it. The block renames the path; what it leaves there is removed when it ends.

    Args:
        parent: The folder, which is made if there is none.
        names: The names to try, in order.
        make: Makes an empty file or folder; it must fail if the path exists.

    Raises:
        OSError: The folder cannot be written to, or no name is free.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _written.add(parent)
    remove_leftovers(parent)
    claims = filter(None, (_claim(parent, name, make) for name in names))
    claim = next(claims, None)
    if claim is None:
        raise FileExistsError(errno.EEXIST, "the name is taken", str(parent))
    temporary, lock = claim
    try:
        yield temporary
    finally:
        _remove(temporary.path)
        _release(lock)


def _claim(
    parent: Path, name: str, make: Callable[[Path], None]
) -> tuple[Temporary, FileLock] | None:
    """Lock a name and make its temporary path, or return None if it is taken."""
    path, final = parent / f"{_PREFIX}{name}", parent / name
    if final.exists():
        return None
    lock = _acquire(path, timeout=_WAIT)
    if lock is None:
        return None
    with ExitStack() as unless_claimed:
        unless_claimed.callback(_release, lock)
        with suppress(FileExistsError):  # raised only where there are no locks
            if not final.exists():  # it may have been renamed while we waited
                make(path)
                unless_claimed.pop_all()
                return Temporary(name, path), lock
    return None


def remove_leftovers(parent: Path) -> None:
    """Remove the temporary paths and lock files of processes that have ended.

    Whoever writes to the folder does it first. A stage that has nothing to write calls
    it, so that a killed process leaves no trace once its command has been repeated.
    """
    found = {path.name.removesuffix(_LOCK) for path in parent.glob(f"{_PREFIX}*")}
    for path in (parent / name for name in found):
        with suppress(OSError):
            if lock := _acquire(path, timeout=0):
                if lock.is_locked:
                    _remove(path)
                _release(lock)


@atexit.register
def _remove_own_leftovers() -> None:
    """Remove what an interrupt left that came while a path was claimed or released."""
    for parent in _written:
        remove_leftovers(parent)


def _acquire(path: Path, timeout: float) -> FileLock | None:
    """Lock a temporary path; return None if another process holds the lock.

    Where there are no locks, the lock that is returned is not locked.
    """
    lock = FileLock(
        f"{path}{_LOCK}", timeout=timeout, poll_interval=0.01, fallback_to_soft=False
    )
    try:
        lock.acquire()
    except Timeout:
        return None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return lock


def _release(lock: FileLock) -> None:
    """Remove the lock file and free the lock.

    It is removed while it is locked, so that it cannot be another process's by then.
    Windows removes no open file: there it is freed first, and stays while it is in use.
    """
    path = Path(lock.lock_file)
    try:
        path.unlink(missing_ok=True)
    except OSError:
        lock.release()
        with suppress(OSError):
            path.unlink(missing_ok=True)
    else:
        lock.release()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
