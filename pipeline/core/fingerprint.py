"""The fingerprint of a stage: a digest of its inputs, options and code."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.core.files import sha256
from pipeline.core.paths import PACKAGE

_IMPORT = re.compile(
    r"^[ \t]*(?:import (pipeline[.\w]*)"
    r"|from (pipeline[.\w]*) import (\([^)]*\)|.*))",
    re.MULTILINE,
)
_FOR_TYPE_CHECKERS = re.compile(
    r"^if TYPE_CHECKING:\n(?:(?:[ \t].*)?\n)*", re.MULTILINE
)
_NAME = re.compile(r"\w+")
_COMPUTED_IMPORT = re.compile(r"\bimport_module\(")


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

    These are the module of the stage, all modules of the package that it imports,
    directly or through others, and the TOML files beside them. Imports inside functions
    count; imports for type checkers do not. If a module computes the names of modules
    to import, all modules of its room count. Only the text of the files is read, so
    nothing heavy is loaded.
    """
    files = {_module_name(path): path for path in PACKAGE.rglob("*.py")}
    del files[PACKAGE.name]  # it only has the names for users, and imports all of them
    found: set[str] = set()
    names = [f"pipeline.stages.{stage}"]
    while names:
        name = names.pop()
        if name not in files or name in found:
            continue
        found.add(name)
        code = files[name].read_text(encoding="utf-8")
        room = files[name].parent
        names += [*_imported_names(code), _module_name(room / "__init__.py")]
        if _COMPUTED_IMPORT.search(code):
            names += [_module_name(path) for path in room.glob("*.py")]
    code_files = [files[name] for name in found]
    rooms = {path.parent for path in code_files}
    return sorted(
        [*code_files, *(toml for room in rooms for toml in room.glob("*.toml"))]
    )


def _module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join((PACKAGE.name, *(part for part in parts if part != "__init__")))


def _imported_names(code: str) -> Iterator[str]:
    """Yield what a file imports of this package; some may not be modules."""
    for module, source, objects in _IMPORT.findall(_FOR_TYPE_CHECKERS.sub("", code)):
        yield module or source
        for name in _NAME.findall(objects):
            yield f"{source}.{name}"


def _code_digest(stage: str) -> str:
    digest = hashlib.sha256()
    for path in stage_files(stage):
        digest.update(path.read_bytes())
    return digest.hexdigest()
