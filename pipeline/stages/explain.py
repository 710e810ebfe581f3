"""The stage `explain`: a run and an id of test.csv or train.csv -> an explanation."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.features import clean_rows
from pipeline.data.raw import read_test, read_train
from pipeline.data.schema import Schema
from pipeline.explain.explainer import Explainer
from pipeline.explain.explanation import Explanation
from pipeline.runs.integrity import changes
from pipeline.runs.record import Run
from pipeline.runs.tables import read_results, run_own_columns, run_table


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
    for change in changes(project, run):
        raise UserError(change)
    announce("reading and checking the rows")
    table = replace(run_table(run), own=run_own_columns(project, run))
    schema, results = table.schema, read_results(run)
    rows = clean_rows(read_train(project.raw / "train.csv", table), table).frame
    if not np.array_equal(rows[schema.id_name], results["id"]):
        raise UserError(
            f"{project.raw / 'train.csv'}: has other rows than {run.run_id} was "
            "trained on; restore it or train again"
        )
    announce("loading the models")
    explainer = Explainer.load(project, run, table, results, rows)
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
