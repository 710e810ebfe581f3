"""The journal of a search: JSON, a line for each change, and nothing else.

Nothing in it is a pickle. (SQLite was left out: two processes that write to one study
meet its "database is locked".)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from pipeline.core.errors import UserError
from pipeline.core.files import writable

_LOCK_SECONDS = 5  # a lock held this long was left by a killed process


def open_journal(path: Path) -> JournalStorage:
    """Read a journal, or begin it.

    Raises:
        UserError: it holds something else, or cannot be written to.
    """
    with writable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        journal = _WholeLines(path)
    with legible(path):
        return JournalStorage(journal)


@contextmanager
def legible(path: Path) -> Iterator[None]:
    """Turn whatever Optuna stumbles over in a journal into a line for the user.

    Raises:
        UserError: the journal is none of a search.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{path}: not the journal of a search ({error!r}); move it away, "
            "and the search begins anew"
        ) from error


class _WholeLines(JournalFileBackend):
    """Optuna's journal, without a last line that a full disk or a power cut tore."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = JournalFileOpenLock(str(path), grace_period=_LOCK_SECONDS)
        super().__init__(str(path), self._guard)
        self._mend()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append lines, or none.

        Raises:
            UserError: the journal cannot be written to.
        """
        with writable(self._path.parent):
            try:
                super().append_logs(logs)
            except OSError:
                self._mend()
                raise

    def _mend(self) -> None:
        self._guard.acquire()
        try:
            with self._path.open("r+b") as file:
                content = file.read()
                file.truncate(content.rfind(b"\n") + 1)
        finally:
            self._guard.release()
