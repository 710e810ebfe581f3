"""Is a stage's work still good? Its inputs, options and code make a fingerprint."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.core.files import sha256
from pipeline.core.paths import PACKAGE


def digests(folder: Path, names: Iterable[str]) -> dict[str, str | None]:
    """The SHA-256 of each file below a folder, None where none can be read."""
    return {name: _digest(folder / name) for name in names}


def _digest(path: Path) -> str | None:
    try:
        return sha256(path) if path.is_file() else None
    except OSError:
        return None


def fingerprint(
    stage: str, options: Mapping[str, Any], inputs: Mapping[str, str | None]
) -> str:
    """One word for all that a stage's result depends on."""
    parts = [stage, dict(options), dict(inputs), _code_digest()]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def record_digest(record: dict[str, Any]) -> str:
    """The SHA-256 of a record's content, without its layout and its own digest."""
    content = {name: value for name, value in record.items() if name != "digest"}
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _code_digest() -> str:
    """A digest of the package's own source."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
