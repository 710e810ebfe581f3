"""Write files and folders atomically; read and write JSON; compute SHA-256."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipeline.core.errors import UserError
from pipeline.core.staging import Temporary, open_temporary


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(record: Mapping[str, Any]) -> str:
    """Return a record as indented JSON; NaN and infinity, not in JSON, are refused."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:  # noqa: ANN401
    """Return the content of a JSON file; NaN, Infinity and 1e999 are refused.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is not valid JSON.
    """
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
    random_names = (uuid4().hex for _ in count())
    with (
        writable(path.parent),
        open_temporary(path.parent, random_names, _make_file) as temporary,
    ):
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
            temporary = stack.enter_context(open_temporary(parent, names, Path.mkdir))
        yield temporary
        with writable(parent):
            temporary.path.replace(parent / temporary.name)


def _make_file(path: Path) -> None:
    path.touch(exist_ok=False)


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
