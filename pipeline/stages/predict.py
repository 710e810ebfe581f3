"""The stage `predict`: a run and a CSV file of rows -> a CSV file of predictions."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.csv_frames import csv_blocks, number_text
from pipeline.data.dataset import Layout
from pipeline.data.features import build_features, clean_rows
from pipeline.data.processed import raw_digests
from pipeline.data.raw import RawRows, read_new, read_train
from pipeline.data.schema import Schema
from pipeline.data.table import Table
from pipeline.models.ensemble import blend
from pipeline.network.threads import use_one_thread
from pipeline.runs.integrity import run_changes
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import OUT_OF_FOLD, Run
from pipeline.runs.store import find_run
from pipeline.runs.tables import run_own_columns, run_table
from pipeline.stages.submit import check_output


class Prediction(NamedTuple):
    """The predictions for a file, and what was assumed for its rows.

    `training_rows` is how many of the rows the run was trained on; None where that is
    unknown, because data/raw/train.csv has changed since.
    """

    path: Path
    schema: Schema
    rows: list[tuple[int | str, float]]
    assumptions: list[dict[str, Any]]
    unseen: dict[str, list[str]]
    training_rows: int | None


class RunModels(NamedTuple):
    """The models of a run; of a blend of runs, those of each of these runs."""

    run: Run
    predictors: list[Predictor]

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the predicted targets, shape (n_rows,).

        Raises:
            UserError: The run was trained on other columns.
        """
        by_run = [predictor.predict(features) for predictor in self.predictors]
        if not self.run.blended:
            return by_run[0]
        metric = self.predictors[0].metric
        transformed = [metric.transform(predicted) for predicted in by_run]
        weights = [self.run.weights[run_id] for run_id in self.run.blended]
        return metric.undo(blend(transformed, weights))


def load_models(project: Project, run: Run) -> RunModels:
    """Load what predicts new rows.

    Raises:
        UserError: A run has changed, or its weights do not fit its record; or it blends
            predictions of an own model.
    """
    for name in run.blended or ():
        if f"{name}/{OUT_OF_FOLD}" in run.inputs:
            raise UserError(
                f"{run.run_id}: blends the predictions of {name}, a model of your own, "
                "which has none for other rows"
            )
    runs = [find_run(project, run_id) for run_id in run.blended or [run.run_id]]
    for checked in [run, *runs] if run.blended else runs:
        for change in run_changes(checked):
            raise UserError(change)
    announce("loading the models")
    return RunModels(run, [Predictor.load(member) for member in runs])


def predict(project: Project, run: Run, source: Path, path: Path) -> Prediction:
    """Predict the targets of the rows in a file, and write them to another.

    The models and the steps are those of the run's predictions for test.csv. A blend of
    runs is predicted by these runs; since their files hold rounded numbers, and models
    do not, its last digit may differ.

    Args:
        project: the project.
        run: the run whose networks predict.
        source: a CSV file with the columns of test.csv, with or without the target.
        path: the CSV file to write.

    Raises:
        UserError: The run has changed, `source` cannot be used, or `path` cannot be
            written.
    """
    check_output(project, path, "-o", source)
    use_one_thread()  # as in training: sums depend on the number of threads
    models = load_models(project, run)
    announce(f"reading and checking {source.name}")
    table = replace(run_table(run), own=run_own_columns(project, run))
    schema = table.schema
    read = read_new(source, table)
    raw = read.frame
    cleaned = clean_rows(raw, table)
    announce("predicting")
    features = build_features(cleaned.frame, table)
    targets = models.predict(features)
    ids = {schema.id_name: raw[schema.id_name]}
    predicted = pd.DataFrame({**ids, schema.target: targets})
    write_atomically(path, csv_blocks(predicted, number_text))
    assumptions = [{"file": source.name, **a._asdict()} for a in cleaned.assumptions]
    rows = list(predicted.itertuples(index=False, name=None))
    return Prediction(
        path,
        schema,
        rows,
        assumptions,
        _unseen(run, models.predictors[0].layout, features, read),
        _training_rows(project, run, raw, table),
    )


def _unseen(
    run: Run, layout: Layout, features: pd.DataFrame, read: RawRows
) -> dict[str, list[str]]:
    """Return the words of the rows that no training row has, by column."""
    columns = run_table(run).schema.categories
    names = dict.fromkeys([*layout.words, *columns])
    unseen = {}
    for name in names:
        column, missing = columns.get(name), run.unseen_words.get(name, [])
        if column is None:  # of columns.py, or the weekday of a date
            trained = {*layout.words[name]}.difference(missing)
            unseen[name] = sorted({*features[name].dropna()}.difference(trained))
        else:
            trained = {*column.vocabulary}.difference(missing)
            unseen[name] = read.unseen(column, trained)
    return {name: words for name, words in unseen.items() if words}


def _training_rows(
    project: Project, run: Run, rows: pd.DataFrame, table: Table
) -> int | None:
    """Return how many of the rows are training rows, in the id and all columns."""
    name = "data/raw/train.csv"
    if raw_digests(project)[name] != run.inputs.get(name):
        return None
    columns = list(table.schema.names)
    if table.schema.id and table.schema.id_in_train:  # twins have other ids
        columns = [*dict.fromkeys([table.schema.id, *columns])]
    return len(rows[columns].merge(read_train(project.root / name, table)[columns]))
