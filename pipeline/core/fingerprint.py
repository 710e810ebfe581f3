"""Is a stage up to date? Its inputs, options and code make a fingerprint."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.core.files import sha256
from pipeline.core.paths import PACKAGE


def digests(folder: Path, names: Iterable[str]) -> dict[str, str | None]:
    """Return the SHA-256 of each file below a folder, None for an unreadable one."""
    return {name: _digest(folder / name) for name in names}


def _digest(path: Path) -> str | None:
    try:
        return sha256(path) if path.is_file() else None
    except OSError:
        return None


def fingerprint(
    stage: str, options: Mapping[str, Any], inputs: Mapping[str, str | None]
) -> str:
    """Return a digest of everything that the result of a stage depends on."""
    parts = [stage, dict(options), dict(inputs), _code_digest()]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def record_digest(record: dict[str, Any]) -> str:
    """Return the SHA-256 of the values of a record, except its own `digest`."""
    content = {name: value for name, value in record.items() if name != "digest"}
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _code_digest() -> str:
    """Return a digest of the source code of all rooms, and of the schemas in them."""
    digest = hashlib.sha256()
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.toml")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
