"""Files and folders that appear whole or not at all."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import UserError


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(record: Mapping[str, Any]) -> str:
    """A record as a person and a program can read it."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def write_whole(path: Path, content: bytes | str | Iterable[str]) -> None:
    """Write a file in one step: a reader sees the old file or the new one.

    Args:
        path: of the file.
        content: all of it, or its parts, which need not fit into memory at once.

    Raises:
        UserError: the folder cannot be written to.
    """
    parts = [content] if isinstance(content, bytes | str) else content
    with writable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for part in parts:
                    file.write(part.encode() if isinstance(part, str) else part)
                os.fchmod(file.fileno(), 0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def folder_whole(path: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `path` that takes its name when the block ends well.

    Raises:
        UserError: the parent folder cannot be written to.
    """
    with writable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".tmp-", dir=path.parent))
    try:
        yield draft
        with writable(path.parent):
            draft.chmod(0o755)
            draft.replace(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write into a line for the user.

    Raises:
        UserError: the folder cannot be written to.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"{folder}: cannot be written to ({reason}); "
            "free space, mend its permissions, or choose another --root"
        ) from error
