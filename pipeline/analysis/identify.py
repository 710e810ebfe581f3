"""What tells runs apart: the settings, data and versions in which they differ."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings, option_name
from pipeline.runs.record import Run

_ALWAYS = ("model", "folds", "lambda")
_NOTE = "note"
_DIGITS = 7  # of a digest
NONE = "none"


def setting_texts(settings: Settings) -> dict[str, str]:
    """Return each setting by its name, with six significant digits."""
    return {name: _setting_text(value) for name, value in asdict(settings).items()}


def _setting_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_setting_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def describe(run: Run) -> dict[str, str]:
    """Return what a run was made with, as text, by the names of the options."""
    settings = {}
    for field in fields(Settings):
        of = field.metadata.get("of")
        is_read = not of or of in run.models
        value = _setting_text(getattr(run.settings, field.name))
        settings[option_name(field)] = value if is_read else ""
    if run.blended:  # the blended runs may differ in all other settings
        settings = {name: settings[name] for name in ("folds", "seed")}
    inputs = json.dumps(run.inputs, sort_keys=True).encode()
    return {
        "command": run.command,
        "metric": run.metric_title,
        **settings,
        "model": ", ".join(run.models),
        "data": hashlib.sha256(inputs).hexdigest()[:_DIGITS],
        **run.versions,
        _NOTE: run.note or "",
    }


def input_texts(run: Run) -> dict[str, str]:
    """Return the data that a run was made from: a digest of each file, own columns."""
    files = {name: (digest or NONE)[:_DIGITS] for name, digest in run.inputs.items()}
    return {"own columns": ", ".join(run.own_columns) or NONE, **files}


def distinguishing(described: Sequence[dict[str, str]]) -> list[str]:
    """Return the names in which runs differ, and those that are always shown.

    Settings that some runs lack, as a blend of runs does, are not compared. Notes are:
    a run with a note differs from one without.
    """
    values: dict[str, set[str]] = {}
    for texts in described:
        for name, text in texts.items():
            if text or name == _NOTE:
                values.setdefault(name, set()).add(text)
    return [name for name, found in values.items() if name in _ALWAYS or len(found) > 1]


def matching(runs: Sequence[Run], filters: Sequence[str]) -> list[Run]:
    """Return the runs that all filters match, such as `epochs=10` or `note=wider`.

    A filter matches a value as it is shown, or one of several values. It matches a note
    that contains its text.

    Raises:
        UserError: A filter is not NAME=VALUE, or no run has that name.
    """
    pairs = [_parse(text, runs) for text in filters]
    return [
        run
        for run in runs
        if all(_matches(describe(run), name, value) for name, value in pairs)
    ]


def _parse(text: str, runs: Sequence[Run]) -> tuple[str, str]:
    name, _, value = text.partition("=")
    names = dict.fromkeys(name for run in runs for name in describe(run))
    if names and (name not in names or not value):
        raise UserError(
            f"--filter {text}: give NAME=VALUE, where NAME is one of {', '.join(names)}"
        )
    return name, value


def _matches(described: dict[str, str], name: str, value: str) -> bool:
    text = described.get(name, "")
    if name == _NOTE:
        return value.casefold() in text.casefold()
    return value.replace(",", ", ") == text or value in text.split(", ")
