"""The journal file of a study: one JSON object per line for each change.

It contains no pickles. SQLite, Optuna's other shared storage, is not used: processes
that write to the same study get its error "database is locked".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from pipeline.core.errors import UserError
from pipeline.core.files import writable

_LOCK_SECONDS = 5  # a lock held for longer was left by a killed process


def open_journal(path: Path) -> JournalStorage:
    """Open a journal, or create it.

    Raises:
        UserError: The file is not a journal, or cannot be written to.
    """
    with writable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        journal = _CompleteLines(path)
    with valid_journal(path):
        return JournalStorage(journal)


@contextmanager
def valid_journal(path: Path) -> Iterator[None]:
    """Turn any error of Optuna about the content of a journal into a UserError.

    Raises:
        UserError: The file is not the journal of a search.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{path}: not the journal of a search ({error!r}); move it away "
            "to start a new search"
        ) from error


class _CompleteLines(JournalFileBackend):
    """Optuna's journal without an incomplete last line.

    A full disk, a kill or a power cut can leave one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file_lock = JournalFileOpenLock(str(path), grace_period=_LOCK_SECONDS)
        super().__init__(str(path), self._file_lock)
        self._remove_incomplete_line()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append all of the lines, or none.

        Raises:
            UserError: The journal cannot be written to.
        """
        with writable(self._path.parent):
            try:
                super().append_logs(logs)
            except OSError:
                self._remove_incomplete_line()
                raise

    def _remove_incomplete_line(self) -> None:
        self._file_lock.acquire()
        try:
            with self._path.open("r+b") as file:
                content = file.read()
                file.truncate(content.rfind(b"\n") + 1)
        finally:
            self._file_lock.release()
