"""The table that a run was trained on, and the numbers in the run's CSV files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.ames.table import table_of
from pipeline.core.errors import UserError
from pipeline.core.files import check_regular
from pipeline.core.fingerprint import digests
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project
from pipeline.data import own_columns
from pipeline.data.features import clean_rows
from pipeline.data.processed import COLUMNS
from pipeline.data.raw import read_train
from pipeline.data.table import Table
from pipeline.runs.integrity import data_changes
from pipeline.runs.record import OUT_OF_FOLD, Run, run_schema


def run_table(run: Run) -> Table:
    """Return the table of a run, without the code of the user's own columns.

    Raises:
        UserError: The record does not describe a schema.
    """
    return table_of(run_schema(run))


def full_table(project: Project, run: Run) -> Table:
    """Return the table of a run, with the code of the user's own columns.

    A run folder has no code: it is that of data/raw, and must be what it was.

    Raises:
        UserError: The file has changed since.
    """
    table = run_table(run)
    if not run.own_columns:
        return table
    if digests(project.root, [COLUMNS])[COLUMNS] != run.inputs.get(COLUMNS):
        raise UserError(
            f"{project.columns_file}: changed since {run.run_id} was trained with it; "
            "restore it or train again"
        )
    return replace(table, own=own_columns.load(project.columns_file))


def training_rows(project: Project, run: Run, results: pd.DataFrame) -> pd.DataFrame:
    """Return the cleaned rows of data/raw/train.csv, which are those of the results.

    Raises:
        UserError: data/raw has changed since the run was trained, or cannot be used.
    """
    for change in data_changes(project, run):
        raise UserError(change)
    table, path = run_table(run), project.raw / "train.csv"
    rows = clean_rows(read_train(path, table), table).frame
    if not np.array_equal(rows[table.schema.id_name], results["id"]):
        raise UserError(
            f"{path}: has other rows than {run.run_id} was trained on; "
            "restore it or train again"
        )
    return rows


def read_numbers(
    path: Path, columns: Mapping[str, type], metric: Metric | None = None
) -> pd.DataFrame:
    """Read some columns of a CSV file of a run: predictions or learning curves.

    Args:
        path: The file.
        columns: The type of each column.
        metric: If given, the floats are targets or predictions: they must be finite,
            and positive where their logs count.

    Raises:
        UserError: The file is not as `pipeline train` writes it.
    """
    try:
        check_regular(path)
        texts = {name: str for name, kind in columns.items() if kind is str}
        frame = pd.read_csv(path, dtype=texts, keep_default_na=not texts)
        frame = frame[list(columns)].astype(dict(columns))
        if frame.empty:
            raise ValueError("no rows")
        if metric and not metric.allows(frame.select_dtypes(float).to_numpy()).all():
            raise ValueError(f"a target or prediction that is not {metric.allowed}")
    except (OSError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise UserError(
            f"{path}: not as `pipeline train` writes it ({error!r}); train again"
        ) from None
    return frame


def column_types(run: Run) -> dict[str, type]:
    """Return id, fold, target and prediction of oof.csv, by name, with their types."""
    schema = run_schema(run)
    return {
        schema.id_name: int if schema.integer_ids or schema.id is None else str,
        run.header("fold"): int,
        schema.target: float,
        run.header("prediction"): float,
    }


def read_results(run: Run) -> pd.DataFrame:
    """Read the out-of-fold predictions of a run, and compute their errors.

    Returns:
        The columns id, fold, actual, prediction, error (of logs, or in the unit of the
        target) and share (of the total loss), whatever the table calls its columns. For
        a blend also the predictions of each model, such as "by mlp"; and the group, if
        rows have one.

    Raises:
        UserError: oof.csv is missing or not as `pipeline train` writes it.
    """
    metric, group = METRICS[run.metric], run_schema(run).group
    models = run.models if run.is_blend else ()
    columns = {**column_types(run), **{run.header(name): float for name in models}}
    names = ["id", "fold", "actual", "prediction", *(f"by {name}" for name in models)]
    if group:
        columns[group], names = str, [*names, "group"]
    path = run.folder / OUT_OF_FOLD
    rows = read_numbers(path, columns, metric).set_axis(names, axis=1)
    if set(rows["fold"]) != set(range(1, run.settings.folds + 1)):
        raise UserError(
            f"{path}: its folds are not the {run.settings.folds} of the run; "
            "restore it or train again"
        )
    error = metric.errors(rows["prediction"].to_numpy(), rows["actual"].to_numpy())
    losses = metric.losses_of(error)
    total = losses.sum() or 1.0  # all predictions may be exact
    folds = rows["fold"] - 1  # files count them from 1
    return rows.assign(fold=folds, error=error, share=losses / total)
