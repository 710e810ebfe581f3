"""The stage `predict`: a run and a CSV file of rows -> a CSV file of predictions."""

from pathlib import Path
from typing import Any, NamedTuple

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
from pipeline.network.threads import use_one_thread
from pipeline.runs.integrity import run_changes
from pipeline.runs.predictor import RunModels
from pipeline.runs.record import Run
from pipeline.runs.tables import full_table
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
    for change in run_changes(run):
        raise UserError(change)
    table = full_table(project, run)
    schema, models = table.schema, RunModels.load(project, run, table)
    announce(f"reading and checking {source.name}")
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
        _unseen(run, schema, models.predictors()[0].layout, features, read),
        _training_rows(project, run, raw, table),
    )


def _unseen(
    run: Run, schema: Schema, layout: Layout, features: pd.DataFrame, read: RawRows
) -> dict[str, list[str]]:
    """Return the words of the rows that no training row has, by column."""
    columns = schema.categories
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
