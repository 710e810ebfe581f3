"""The facts of a run: its predictions and errors, learning curves, and importances."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.analysis.importance import Importance, importances
from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project
from pipeline.data.features import clean_rows
from pipeline.data.raw import read_train
from pipeline.data.schema import Schema
from pipeline.data.table import Table
from pipeline.kaggle.receipts import with_submission
from pipeline.runs.integrity import changes, data_changes
from pipeline.runs.predictions import read_numbers
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import HISTORY, LARGEST_ERRORS, OUT_OF_FOLD, Run
from pipeline.runs.schemas import run_schema
from pipeline.runs.tables import run_own_columns, run_table

_HISTORY = {
    "lambda": float,
    "fold": int,
    "epoch": int,
    "train": float,
    "valid": float,
}


class Facts(NamedTuple):
    """A run with its predictions, learning curves and column importances.

    Attributes:
        run: The run.
        table: The schema of the rows, and the user's columns.
        rows: The id, fold, target and prediction of oof.csv; `error` (of logs, or in
            the unit of the target); `share` of the total loss; and, if data/raw has not
            changed since training, the cleaned columns.
        model_errors: The errors of each model of a blend, a column per model; empty
            for a single model.
        cleaned: Whether `rows` has the cleaned columns.
        history: The learning curves, or None if the run has no networks.
        importance: The importance of each column to the MLP, or None if data/raw has
            changed or the run has no networks.
        changes: A line for each file that has changed since the run finished.
        submitted: Whether there is a submission file.
        leaderboard: The score on Kaggle, or None.
    """

    run: Run
    table: Table
    rows: pd.DataFrame
    model_errors: pd.DataFrame
    cleaned: bool
    history: pd.DataFrame | None
    importance: list[Importance] | None
    changes: list[str]
    submitted: bool
    leaderboard: float | None

    @property
    def schema(self) -> Schema:
        """The schema of the rows."""
        return self.table.schema

    @property
    def metric(self) -> Metric:
        """The metric of the scores."""
        return METRICS[self.schema.metric]

    @property
    def largest_errors(self) -> pd.DataFrame:
        """The rows with the largest losses, largest first."""
        return self.rows.nlargest(LARGEST_ERRORS, "share")


def read_facts(project: Project, run: Run) -> Facts:
    """Read the files of a run, and compute the importance of each column.

    Raises:
        UserError: A file of the run is missing or not as `pipeline train` writes it.
    """
    table = run_table(run)
    rows = read_rows(run)
    history = None
    if run.has_networks:
        history = read_numbers(run.folder / HISTORY, _HISTORY)
    cleaned = _cleaned(project, run, table, rows)
    importance = None
    if cleaned is not None:
        fold = rows["fold"].to_numpy()
        table = replace(table, own=run_own_columns(project, run))
        if run.has_networks:
            predictor = replace(Predictor.load(run), table=table)
            importance = importances(predictor, cleaned, fold)
        rows = cleaned.assign(**{str(name): rows[name] for name in rows})
    submitted = with_submission(project, run)
    return Facts(
        run=run,
        table=table,
        rows=rows,
        model_errors=_model_errors(run),
        cleaned=cleaned is not None,
        history=history,
        importance=importance,
        changes=list(changes(project, run)),
        submitted=submitted.submission is not None,
        leaderboard=submitted.leaderboard,
    )


def read_rows(run: Run) -> pd.DataFrame:
    """Read the out-of-fold predictions of a run, and compute their errors.

    Raises:
        UserError: oof.csv is missing or not as `pipeline train` writes it.
    """
    schema, metric = run_schema(run), METRICS[run.metric]
    kinds = {schema.target: float, "prediction": float}
    path = run.folder / OUT_OF_FOLD
    ids = {schema.id_name: int if has_integer_ids(schema) else str}
    rows = read_numbers(path, {**ids, "fold": int, **kinds}, metric)
    predicted, actual = rows["prediction"].to_numpy(), rows[schema.target].to_numpy()
    error = metric.errors(predicted, actual)
    losses = metric.losses_of(error)
    total = losses.sum() or 1.0  # all predictions may be exact
    return rows.assign(error=error, share=losses / total)


def has_integer_ids(schema: Schema) -> bool:
    """Return whether the ids of a table are integers, as numbers of rows are."""
    return schema.integer_ids or schema.id is None


def _model_errors(run: Run) -> pd.DataFrame:
    """Read the errors of each model of a blend.

    Raises:
        UserError: oof.csv is not as `pipeline train` writes it.
    """
    if not run.is_blend:
        return pd.DataFrame()
    metric, target = METRICS[run.metric], run_schema(run).target
    kinds = dict.fromkeys([target, *run.models], float)
    rows = read_numbers(run.folder / OUT_OF_FOLD, kinds, metric)
    actual = rows[target].to_numpy()
    return pd.DataFrame(
        {name: metric.errors(rows[name].to_numpy(), actual) for name in run.models}
    )


def _cleaned(
    project: Project, run: Run, table: Table, rows: pd.DataFrame
) -> pd.DataFrame | None:
    """Return the cleaned training rows, or None if they are not those of the run."""
    if any(data_changes(project, run)):
        return None
    try:
        raw = read_train(project.raw / "train.csv", table)
    except UserError:
        return None
    cleaned = clean_rows(raw, table).frame
    name = table.schema.id_name
    return cleaned if np.array_equal(cleaned[name], rows[name]) else None
