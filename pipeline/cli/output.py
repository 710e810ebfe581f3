"""Output that several commands share."""

import json
import shlex
from pathlib import Path
from typing import Any

import typer

from pipeline.core.errors import one_line
from pipeline.core.numbers import score_text
from pipeline.runs.record import Run
from pipeline.stages.up_to_date import StageResult


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))


def saved(outcome: StageResult[Run]) -> str:
    """Return where the run of an outcome is, and whether it is new."""
    path = f"runs/{outcome.result.run_id}"
    return f"{path} is up to date" if outcome.skipped else f"Saved {path}"


def next_step(command: str, root: Path) -> str:
    """Return what to type next, for the same project folder."""
    folder = "" if root == Path() else f" --root {shlex.quote(str(root))}"
    return f"Next: `pipeline {command}{folder}`"


def using(run: Run) -> str:
    """Return which run a command uses, and its score."""
    note = f", {one_line(run.note)}" if run.note else ""
    what = f"`{run.command}`, {' and '.join(run.models)}"
    return f"Run {run.run_id}: {what}, {run.metric_title} {score_text(run.cv)}{note}"


def ignore(*_: object) -> None:
    """Ignore progress: with --json, standard output has the JSON object alone."""
