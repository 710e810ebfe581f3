"""What tells runs apart: the settings, data and versions in which they differ."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from pipeline.core.command import option_name
from pipeline.core.errors import UserError
from pipeline.core.settings import Settings
from pipeline.runs.record import Run

_ALWAYS = ("model", "folds", "lambda")
_NOTE = "note"
_DIGITS = 7  # of a digest


def setting_texts(settings: Settings) -> dict[str, str]:
    """Return each setting by its name, with six significant digits."""
    return {name: _setting_text(value) for name, value in asdict(settings).items()}


def _setting_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_setting_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def describe(run: Run) -> dict[str, str]:
    """Return what a run was made with, as text, by the names of the options."""
    settings = {
        option_name(name): text for name, text in setting_texts(run.settings).items()
    }
    if run.blended:  # the blended runs may differ in all others
        settings = {name: settings[name] for name in ("folds", "seed")}
    elif not run.has_networks:
        settings |= dict.fromkeys(("lambda", "hidden"), "")
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


def distinguishing(described: Sequence[dict[str, str]]) -> list[str]:
    """Return the names in which runs differ, and those that are always shown.

    A setting that a run does not have, as a blend of runs has none, is no difference. A
    note that only some runs have is.
    """
    names = dict.fromkeys(name for each in described for name in each)
    values = {name: {each.get(name, "") for each in described} for name in names}
    return [
        name
        for name, own in values.items()
        if name in _ALWAYS or len(own if name == _NOTE else own - {""}) > 1
    ]


def matching(runs: Sequence[Run], filters: Sequence[str]) -> list[Run]:
    """Return the runs that all filters match, such as `epochs=10` or `note=wider`.

    A filter matches a value as it is shown, or one of several values. For a note it is
    enough that the note has the text in it.

    Raises:
        UserError: a filter has no name that runs have.
    """
    pairs = [_parse(text, runs) for text in filters]
    return [
        run
        for run in runs
        if all(_matches(describe(run), name, value) for name, value in pairs)
    ]


def _parse(text: str, runs: Sequence[Run]) -> tuple[str, str]:
    name, _, value = text.partition("=")
    known = dict.fromkeys(name for run in runs for name in describe(run))
    if known and (name not in known or not value):
        raise UserError(
            f"--filter {text}: give NAME=VALUE, where NAME is one of {', '.join(known)}"
        )
    return name, value


def _matches(described: dict[str, str], name: str, value: str) -> bool:
    text = described.get(name, "")
    if name == _NOTE:
        return value.casefold() in text.casefold()
    return value.replace(",", ", ") == text or value in text.split(", ")
