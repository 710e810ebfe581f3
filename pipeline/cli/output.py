"""Output that several commands share."""

import json
from typing import Any

import typer

from pipeline.runs.record import Run
from pipeline.stages.up_to_date import StageResult


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))


def saved(outcome: StageResult[Run]) -> str:
    """Return where the run of an outcome is, and whether it is new."""
    path = f"runs/{outcome.result.run_id}"
    return f"{path} is up to date" if outcome.skipped else f"Saved {path}"


def ignore(*_: object) -> None:
    """Ignore progress: with --json, standard output has the JSON object alone."""
