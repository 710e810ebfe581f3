"""The table that a run was trained on: its schema, rules and built columns."""

from pipeline.ames.table import table_of
from pipeline.core.errors import UserError
from pipeline.core.fingerprint import digests
from pipeline.core.paths import Project
from pipeline.data import own_columns
from pipeline.data.own_columns import OwnColumns
from pipeline.data.processed import COLUMNS
from pipeline.data.table import Table
from pipeline.runs.record import Run
from pipeline.runs.schemas import run_schema


def run_table(run: Run) -> Table:
    """Return the table of a run, without the code of the user's own columns.

    Raises:
        UserError: the record does not describe a schema.
    """
    return table_of(run_schema(run))


def run_own_columns(project: Project, run: Run) -> OwnColumns | None:
    """Return the user's own columns, if the run has some.

    A run folder has no code: it is that of data/raw, and must be what it was.

    Raises:
        UserError: The file has changed since.
    """
    if not run.own_columns:
        return None
    if digests(project.root, [COLUMNS])[COLUMNS] != run.inputs.get(COLUMNS):
        raise UserError(
            f"{project.columns_file}: changed since {run.run_id} was trained with it; "
            "restore it or train again"
        )
    return own_columns.load(project.columns_file)
