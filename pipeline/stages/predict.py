"""The stage `predict`: a run and a CSV file of houses -> a CSV file of prices."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.clean import clean_rows
from pipeline.data.csv_writer import csv_blocks
from pipeline.data.features import build_features
from pipeline.data.processed import raw_digests
from pipeline.data.raw import read_new, read_train
from pipeline.data.schema import CATEGORIES, COLUMNS, ID, TARGET
from pipeline.models.ensemble import blend
from pipeline.runs.integrity import run_changes
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import Run
from pipeline.runs.store import find_run
from pipeline.runs.writer import PRICES


class Prediction(NamedTuple):
    """The predicted prices of a file, and what was assumed for its rows.

    `training_rows` is how many of the houses the run was trained on; None where that is
    unknown, because data/raw/train.csv has changed since.
    """

    path: Path
    rows: list[tuple[int, float]]
    assumptions: list[dict[str, Any]]
    unseen: dict[str, list[str]]
    training_rows: int | None


def predict(project: Project, run: Run, source: Path, path: Path) -> Prediction:
    """Predict the prices of the houses in a file, and write them to another.

    The models and the steps are those of the run's predictions for test.csv. A blend of
    runs is predicted by these runs; since their files hold cents, and models do not,
    its last cent may differ.

    Args:
        project: the project.
        run: the run whose networks predict.
        source: a CSV file with the competition's columns, with or without prices.
        path: the CSV file to write.

    Raises:
        UserError: the run has changed, `source` cannot be used, or `path` cannot be
            written.
    """
    _check_output(project, source, path)
    runs = [find_run(project, run_id) for run_id in run.blended or [run.run_id]]
    for each in {run.run_id: run, **{each.run_id: each for each in runs}}.values():
        for change in run_changes(each):
            raise UserError(change)
    announce(f"reading and checking {source.name}")
    houses, outside_schema = read_new(source)
    cleaned = clean_rows(houses)
    torch.set_num_threads(1)  # as in training: sums depend on the number of threads
    announce("loading the models")
    predictors = [Predictor.load(each) for each in runs]
    announce("predicting the prices")
    features = build_features(cleaned.frame)
    prices = blend([predictor.prices(features) for predictor in predictors])
    predicted = pd.DataFrame({ID: houses[ID], TARGET: prices})
    write_atomically(path, csv_blocks(predicted, PRICES.__mod__))
    assumptions = [{"file": source.name, **a._asdict()} for a in cleaned.assumptions]
    rows = list(predicted.itertuples(index=False, name=None))
    return Prediction(
        path,
        rows,
        assumptions,
        _unseen(predictors, houses, outside_schema),
        _training_rows(project, run, houses),
    )


def _unseen(
    predictors: Sequence[Predictor],
    houses: pd.DataFrame,
    outside_schema: dict[str, list[str]],
) -> dict[str, list[str]]:
    """Return the categories of the houses that no training row has, by column."""
    columns = set[str]().union(*(each.unseen_columns for each in predictors))
    unseen = {}
    for name in CATEGORIES:
        present = sorted(set(houses[name].dropna()))
        unseen[name] = [
            *(each for each in present if f"{name}={each}" in columns),
            *outside_schema.get(name, []),
        ]
    return {name: categories for name, categories in unseen.items() if categories}


def _training_rows(project: Project, run: Run, houses: pd.DataFrame) -> int | None:
    """Return how many of the houses are training rows, in the Id and all columns."""
    name = "data/raw/train.csv"
    if raw_digests(project)[name] != run.inputs.get(name):
        return None
    columns = [ID, *(column.name for column in COLUMNS)]  # twins have other Ids
    return len(houses[columns].merge(read_train(project.root / name)[columns]))


def _check_output(project: Project, source: Path, path: Path) -> None:
    """Refuse to overwrite the source, raw data or a run."""
    if path.is_dir():
        raise UserError(f"-o {path}: a folder; name the file to write")
    protected = {source.name: source, "data/raw": project.raw, "runs": project.runs}
    for name, place in protected.items():
        if path.resolve().is_relative_to(place.resolve()):
            raise UserError(
                f"-o {path}: {name} is never overwritten; give another path"
            )
