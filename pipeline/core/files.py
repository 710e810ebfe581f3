"""Files and folders that appear whole or not at all."""

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
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(record: Mapping[str, Any]) -> str:
    """A record as a person and any program can read it: JSON knows no NaN."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:  # noqa: ANN401
    """What a JSON file holds; NaN, Infinity and 1e999, which Python takes, are refused.

    Raises:
        OSError, ValueError: it cannot be read, or is no JSON.
    """
    text = path.read_text(encoding="utf-8")
    return json.loads(text, parse_float=_finite, parse_constant=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number


def write_atomically(path: Path, content: bytes | str | Iterable[str]) -> str:
    """Write a file in one step: a reader sees the old file or the new one.

    Args:
        path: of the file.
        content: all of it, or its parts, which need not fit into memory at once.

    Returns:
        The SHA-256 of the content, in hexadecimal.

    Raises:
        UserError: the folder cannot be written to.
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
    """Draft a folder that takes the first free one of the names if the block ends well.

    The name is chosen, and nobody else's, from the beginning.

    Raises:
        UserError: the parent folder cannot be written to.
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
