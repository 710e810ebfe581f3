"""The facts of a run: its predictions and errors, learning curves, and importances."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import pandas as pd

from pipeline.analysis.importance import Importance, importances
from pipeline.analysis.ratios import Ratios
from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.schema import Schema
from pipeline.explain.explainer import Explainer
from pipeline.explain.explanation import Explanation
from pipeline.kaggle.receipts import with_submission
from pipeline.runs.integrity import changes
from pipeline.runs.predictor import RunModels
from pipeline.runs.record import HISTORY, LARGEST_ERRORS, Run, run_schema
from pipeline.runs.tables import full_table, read_numbers, read_results, training_rows

EXPLAINED = 5  # of the largest errors
_HISTORY = {"lambda": float, "fold": int, "epoch": int, "train": float, "valid": float}


class Facts(NamedTuple):
    """A run with its predictions, learning curves and column importances.

    Attributes:
        run: The run.
        results: The results of the training rows; see `read_results`.
        rows: The cleaned training rows, or None if data/raw has changed since training.
        history: The learning curves, or None if the run has none.
        importance: The importance of each column, or None if data/raw has changed or
            the run has no models of its own.
        changes: A line for each file that has changed since the run finished.
        submitted: Whether there is a submission file.
        leaderboard: The score on Kaggle, or None.
        explanations: Of the largest errors; none if they were not asked for, or if
            data/raw or a run that is blended has changed.
    """

    run: Run
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
        return run_schema(self.run)

    @property
    def metric(self) -> Metric:
        """The metric of the scores."""
        return METRICS[self.run.metric]

    @property
    def ratios(self) -> Ratios | None:
        """The measures of assessors, for targets and predictions above 0."""
        predicted, actual = self.results["prediction"], self.results["actual"]
        return Ratios.of(predicted.to_numpy(), actual.to_numpy())

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


def read_facts(project: Project, run: Run, *, explained: bool = False) -> Facts:
    """Read the files of a run, and compute the importance of each column.

    Args:
        project: The project.
        run: The run.
        explained: Explain the largest errors too.

    Raises:
        UserError: A file of the run is missing or not as `pipeline train` writes it.
    """
    results, history = read_results(run), _read_history(run)
    rows = explainer = importance = None
    with suppress(UserError):  # data/raw has changed
        rows = training_rows(project, run, results)
    if rows is not None:
        explainer = _explainer(project, run, results, rows)
    if explainer and not run.blended:
        (predictor,) = explainer.models.predictors()
        fold = results["fold"].to_numpy()
        importance = importances(predictor, explainer.rows, fold)
    submitted = with_submission(project, run)
    facts = Facts(
        run=run,
        results=results,
        rows=rows,
        history=history,
        importance=importance,
        changes=list(changes(project, run)),
        submitted=submitted.submission is not None,
        leaderboard=submitted.leaderboard,
    )
    if explainer is None or not explained:
        return facts
    numbers, found = facts.largest_errors.index[:EXPLAINED], []
    for done, number in enumerate(numbers):
        announce("explaining the largest errors", done, len(numbers))
        found.append(explainer.training_row(number))
    return facts._replace(explanations=found)


def _explainer(
    project: Project, run: Run, results: pd.DataFrame, rows: pd.DataFrame
) -> Explainer | None:
    """Return what explains rows, or None if a blended run is missing or has changed.

    Raises:
        UserError: The weights of the run itself cannot be used.
    """
    table = full_table(project, run)
    try:
        models = RunModels.load(project, run, table)
    except UserError:
        if run.blended:
            return None
        raise
    return Explainer(run, table, results, rows, models)


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
