"""What commands print, or do not."""

import json
from typing import Any

import typer

from pipeline.stages.up_to_date import StageResult


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object on a line."""
    typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))


def with_skipped(outcome: StageResult) -> dict[str, Any]:
    """The record of a stage, and whether it was up to date already."""
    return {**outcome.record, "skipped": outcome.skipped}


def kept(outcome: StageResult) -> str:
    """Where the run of an outcome lies, and whether it lay there already."""
    state = "is up to date" if outcome.skipped else "is kept"
    return f"runs/{outcome.record['run_id']} {state}"


def ignore(*_: object) -> None:
    """Watch nothing: standard output belongs to the JSON object."""
