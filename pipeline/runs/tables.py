"""The table that a run was trained on, as its record describes it."""

from pipeline.ames.table import ames, table_of
from pipeline.data.schema import Schema
from pipeline.data.schema_file import parse_schema
from pipeline.data.table import Table
from pipeline.runs.record import RECORD, Run


def run_table(run: Run) -> Table:
    """Return the table of a run, without the code of the user's own columns.

    Raises:
        UserError: the record does not describe a schema.
    """
    # Versions that knew the houses of Ames alone recorded no schema.
    if run.schema in (None, ames().schema.text):
        return ames()
    return table_of(parse_schema(run.schema, run.folder / RECORD))


def run_schema(run: Run) -> Schema:
    """Return the schema of a run.

    Raises:
        UserError: as `run_table`.
    """
    return run_table(run).schema
