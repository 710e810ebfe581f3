"""The facts of a run: its predictions and errors, learning curves, and importances."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.analysis.importance import Importance, importances
from pipeline.analysis.ratios import Ratios
from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.features import clean_rows
from pipeline.data.raw import read_train
from pipeline.data.schema import Schema
from pipeline.data.table import Table
from pipeline.explain.explainer import Explainer
from pipeline.explain.explanation import Explanation
from pipeline.kaggle.receipts import with_submission
from pipeline.runs.integrity import changes, data_changes
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import HISTORY, LARGEST_ERRORS, Run
from pipeline.runs.tables import (
    read_numbers,
    read_results,
    run_own_columns,
    run_table,
)

EXPLAINED = 5  # of the largest errors
_HISTORY = {"lambda": float, "fold": int, "epoch": int, "train": float, "valid": float}


class Facts(NamedTuple):
    """A run with its predictions, learning curves and column importances.

    Attributes:
        run: The run.
        table: The schema of the rows, and the user's columns.
        results: The results of the training rows; see `read_results`.
        rows: The cleaned training rows, or None if data/raw has changed since training.
        history: The learning curves, or None if the run has none.
        importance: The importance of each column, or None if data/raw has changed or
            the run has no models of its own.
        changes: A line for each file that has changed since the run finished.
        submitted: Whether there is a submission file.
        leaderboard: The score on Kaggle, or None.
        explanations: Of the largest errors, if `explain_errors` could add them.
    """

    run: Run
    table: Table
    results: pd.DataFrame
    rows: pd.DataFrame | None
    history: pd.DataFrame | None
    importance: list[Importance] | None
    changes: list[str]
    submitted: bool
    leaderboard: float | None
    explanations: Sequence[Explanation] = ()

    @property
    def schema(self) -> Schema:
        """The schema of the rows."""
        return self.table.schema

    @property
    def metric(self) -> Metric:
        """The metric of the scores."""
        return METRICS[self.schema.metric]

    @property
    def ratios(self) -> Ratios | None:
        """The measures of assessors, for targets and predictions above 0."""
        predicted, actual = self.results["prediction"], self.results["actual"]
        return Ratios.of(predicted.to_numpy(), actual.to_numpy())

    @property
    def model_errors(self) -> pd.DataFrame:
        """The errors of the models of a blend, a column per model; else empty."""
        actual = self.results["actual"].to_numpy()
        models = self.run.models if self.run.is_blend else ()
        errors = {
            name: self.metric.errors(self.results[f"by {name}"].to_numpy(), actual)
            for name in models
        }
        return pd.DataFrame(errors)

    @property
    def largest_errors(self) -> pd.DataFrame:
        """The results with the largest losses, largest first."""
        return self.results.nlargest(LARGEST_ERRORS, "share")

    def typical_error(self, errors: pd.Series) -> str:
        """Return the median absolute error as text; of logs, in percent."""
        median = errors.abs().median()
        return f"{math.expm1(median):.1%}" if self.metric.log else f"{median:.4g}"

    def column(self, name: str) -> pd.Series:
        """Return the target of each row, or a cleaned column."""
        if self.rows is None or name == self.schema.target:
            return self.results["actual"]
        return self.rows[name]


def read_facts(project: Project, run: Run) -> Facts:
    """Read the files of a run, and compute the importance of each column.

    Raises:
        UserError: A file of the run is missing or not as `pipeline train` writes it.
    """
    table, results = run_table(run), read_results(run)
    history = _read_history(run)
    rows = _cleaned(project, run, table, results)
    importance = None
    if rows is not None:
        table = replace(table, own=run_own_columns(project, run))
        if not run.blended:
            predictor = replace(Predictor.load(run), table=table)
            importance = importances(predictor, rows, results["fold"].to_numpy())
    submitted = with_submission(project, run)
    return Facts(
        run=run,
        table=table,
        results=results,
        rows=rows,
        history=history,
        importance=importance,
        changes=list(changes(project, run)),
        submitted=submitted.submission is not None,
        leaderboard=submitted.leaderboard,
    )


def explain_errors(project: Project, facts: Facts) -> Facts:
    """Return the facts with explanations of the largest errors.

    Without them if data/raw has changed, or a run that is blended is missing or has
    changed.
    """
    run, table, results, rows = facts[:4]
    if rows is None:
        return facts
    try:
        explainer = Explainer.load(project, run, table, results, rows)
    except UserError:
        return facts
    numbers, found = facts.largest_errors.index[:EXPLAINED], []
    for done, number in enumerate(numbers):
        announce("explaining the largest errors", done, len(numbers))
        found.append(explainer.training_row(number))
    return facts._replace(explanations=found)


def _read_history(run: Run) -> pd.DataFrame | None:
    """Return the learning curves of a run, or None if it has none.

    Raises:
        UserError: Some of those of the chosen λ are missing.
    """
    if run.learner is None:
        return None
    path, settings = run.folder / HISTORY, run.settings
    history = read_numbers(path, _HISTORY)
    found = history["lambda"] == run.learner.value
    expected = settings.folds * settings.seeds * settings.epochs
    if found.sum() != expected:
        raise UserError(
            f"{path}: {found.sum():,} rows of {run.learner.label} instead of "
            f"{expected:,}; restore it or train again"
        )
    return history.assign(fold=history["fold"] - 1)  # files count them from 1


def _cleaned(
    project: Project, run: Run, table: Table, results: pd.DataFrame
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
    return cleaned if np.array_equal(cleaned[name], results["id"]) else None
