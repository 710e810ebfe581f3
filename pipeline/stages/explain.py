"""The stage `explain`: a run and an id of test.csv or train.csv -> an explanation."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.features import clean_rows
from pipeline.data.raw import read_test
from pipeline.data.schema import Schema
from pipeline.explain.explainer import Explainer
from pipeline.explain.explanation import Explanation
from pipeline.runs.integrity import run_changes
from pipeline.runs.predictor import RunModels
from pipeline.runs.record import Run
from pipeline.runs.tables import full_table, read_results, training_rows


class Explained(NamedTuple):
    """An explanation, the file that has the row, and the actual target if known."""

    explanation: Explanation
    file: str
    schema: Schema
    actual: float | None


def explain(project: Project, run: Run, row_id: str, *, in_train: bool) -> Explained:
    """Explain the prediction of a row.

    Args:
        project: the project.
        run: the run whose prediction is explained.
        row_id: of a row of test.csv or, if it has no such row, of train.csv.
        in_train: look in train.csv only.

    Raises:
        UserError: No row has the id; or a file of the run, or of data/raw, has changed
            or cannot be used.
    """
    for change in run_changes(run):
        raise UserError(change)
    announce("reading and checking the rows")
    results = read_results(run)
    rows, table = training_rows(project, run, results), full_table(project, run)
    models = RunModels.load(project, run, table)
    explainer, schema = Explainer(run, table, results, rows, models), table.schema
    announce("computing what each column adds")
    if not in_train:
        test = clean_rows(read_test(project.raw / "test.csv", table).frame, table).frame
        if (number := _position(test[schema.id_name], row_id)) is not None:
            return Explained(explainer.test_row(test, number), "test.csv", schema, None)
    if (number := _position(rows[schema.id_name], row_id)) is None:
        where = "train.csv" if in_train else "test.csv and train.csv"
        raise UserError(
            f"{project.raw}: no row of {where} has the {schema.id_name} "
            f"{short(row_id)}; give another"
        )
    actual = float(results["actual"].iloc[number])
    return Explained(explainer.training_row(number), "train.csv", schema, actual)


def _position(ids: pd.Series, row_id: str) -> int | None:
    found = np.flatnonzero(ids.astype(str) == row_id)
    return int(found[0]) if len(found) else None
