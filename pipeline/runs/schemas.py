"""The schema that a run was trained by, as its record has it."""

from functools import cache
from pathlib import Path

from pipeline.ames import ames_schema
from pipeline.data.schema import Schema
from pipeline.data.schema_file import parse_schema
from pipeline.runs.record import RECORD, Run


def run_schema(run: Run) -> Schema:
    """Return the schema of a run.

    Raises:
        UserError: the record does not describe one.
    """
    # Versions that knew the houses of Ames alone recorded no schema.
    if run.schema is None or run.schema == ames_schema().text:
        return ames_schema()
    return _parsed(run.schema, run.folder / RECORD)


@cache
def _parsed(text: str, path: Path) -> Schema:
    return parse_schema(text, path)
