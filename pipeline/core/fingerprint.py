"""The fingerprint of a stage: a digest of its inputs, options and code."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.core.files import sha256
from pipeline.core.paths import PACKAGE

# A room or, of the stages, a module that a file imports; also inside a function.
_IMPORT = re.compile(r"^\s*(?:from|import) pipeline\.(stages\.\w+|\w+)", re.MULTILINE)


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
    parts = [stage, dict(options), dict(inputs), _code_digest(stage)]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def record_digest(record: dict[str, Any]) -> str:
    """Return the SHA-256 of the values of a record, except its own `digest`."""
    content = {name: value for name, value in record.items() if name != "digest"}
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def stage_files(stage: str) -> list[Path]:
    """Return the files that the result of a stage depends on.

    These are the module of the stage, and all modules and TOML files of the rooms that
    it imports, directly or through others. Only their text is read, so nothing heavy is
    loaded.
    """
    parts, files = [f"stages.{stage}"], [PACKAGE / "stages" / "__init__.py"]
    for part in parts:  # grows in the loop
        path = PACKAGE / part.replace(".", "/")
        modules = [*path.glob("*.py")] if path.is_dir() else [path.with_suffix(".py")]
        files += [*modules, *path.glob("*.toml")]
        for module in modules:
            found = _IMPORT.findall(module.read_text(encoding="utf-8"))
            parts += [name for name in dict.fromkeys(found) if name not in parts]
    return sorted(files)


def _code_digest(stage: str) -> str:
    digest = hashlib.sha256()
    for path in stage_files(stage):
        digest.update(path.read_bytes())
    return digest.hexdigest()
