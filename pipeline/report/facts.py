"""Collect what the report shows of a run, from its folder and its data."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.data.clean import clean_rows
from pipeline.data.raw import read_train
from pipeline.data.schema import ID, TARGET
from pipeline.kaggle import receipts
from pipeline.report.importance import Importance, importances
from pipeline.runs.integrity import changes, data_changes
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import HISTORY, LARGEST_ERRORS, OUT_OF_FOLD, Run
from pipeline.validation.metrics import log_errors


class Facts(NamedTuple):
    """A run with its predictions, learning curves and column importances.

    Attributes:
        run: the run.
        houses: the columns of oof.csv, `error` (log of prediction over price), `share`
            of all squared error and, if data/raw has not changed since training, the
            cleaned columns.
        model_errors: the errors of each model of a blend, a column per model; empty
            for a single model.
        cleaned: whether `houses` has the cleaned columns: data/raw has not changed.
        history: the learning curves, or None if the run has no networks.
        importance: of each column to the MLP, or None if data/raw has changed or the
            run has no networks.
        changes: a line for each file that has changed since the run finished.
        submitted: whether there is a submission file.
        leaderboard: the score on Kaggle, or None.
    """

    run: Run
    houses: pd.DataFrame
    model_errors: pd.DataFrame
    cleaned: bool
    history: pd.DataFrame | None
    importance: list[Importance] | None
    changes: list[str]
    submitted: bool
    leaderboard: float | None

    @property
    def largest_errors(self) -> pd.DataFrame:
        """The rows of the houses with the largest squared errors, largest first."""
        return self.houses.nlargest(LARGEST_ERRORS, "share")


def read_facts(project: Project, run: Run) -> Facts:
    """Read the files of a run, and compute the importance of each column.

    Raises:
        UserError: a file of the run is missing or not as `pipeline train` writes it.
    """
    houses = read_houses(run)
    history = _read(run.folder / HISTORY, _history) if run.has_networks else None
    cleaned = _cleaned(project, run, houses)
    importance = None
    if cleaned is not None:
        fold = houses["fold"].to_numpy()
        if run.has_networks:
            importance = importances(Predictor.load(run), cleaned, fold)
        houses = cleaned.assign(**{str(name): houses[name] for name in houses})
    submission = project.submissions / f"{run.run_id}.csv"
    receipt = receipts.read(submission)
    return Facts(
        run=run,
        houses=houses,
        model_errors=_model_errors(run),
        cleaned=cleaned is not None,
        history=history,
        importance=importance,
        changes=list(changes(project, run)),
        submitted=submission.is_file(),
        leaderboard=receipt.public_score if receipt else None,
    )


def read_houses(run: Run) -> pd.DataFrame:
    """Read the out-of-fold predictions of a run, and compute their errors.

    Raises:
        UserError: oof.csv is missing or not as `pipeline train` writes it.
    """
    return _read(run.folder / OUT_OF_FOLD, _out_of_fold)


def _read(path: Path, read: Callable[[Path], pd.DataFrame]) -> pd.DataFrame:
    """Read a CSV file of a run.

    Raises:
        UserError: it is missing or not as `pipeline train` writes it.
    """
    try:
        return read(path)
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path}: not as `pipeline train` writes it ({error!r}); train again"
        ) from None


def _out_of_fold(path: Path) -> pd.DataFrame:
    """Read the out-of-fold predictions, and compute their errors."""
    houses = _numbers(path, {ID: int, "fold": int, TARGET: float, "prediction": float})
    prices = houses[[TARGET, "prediction"]]
    if not ((prices > 0) & np.isfinite(prices)).all(axis=None):
        raise ValueError("a price that is not positive and finite")
    error = log_errors(houses["prediction"].to_numpy(), houses[TARGET].to_numpy())
    total = (error**2).sum() or 1.0  # all predictions may be exact
    return houses.assign(error=error, share=error**2 / total)


def _model_errors(run: Run) -> pd.DataFrame:
    """Read the errors of each model of a blend.

    Raises:
        UserError: oof.csv is not as `pipeline train` writes it.
    """
    names = list(run.models) if run.is_blend else []

    def read(path: Path) -> pd.DataFrame:
        prices = _numbers(path, dict.fromkeys([TARGET, *names], float))
        if not ((prices > 0) & np.isfinite(prices)).all(axis=None):
            raise ValueError("a price that is not positive and finite")
        price = prices[TARGET].to_numpy()
        return prices[names].apply(lambda own: log_errors(own.to_numpy(), price))

    return _read(run.folder / OUT_OF_FOLD, read) if names else pd.DataFrame()


def _history(path: Path) -> pd.DataFrame:
    names = {"lambda": float, "fold": int, "epoch": int, "train": float, "valid": float}
    return _numbers(path, names)


def _numbers(path: Path, columns: dict[str, type]) -> pd.DataFrame:
    """Read some columns of a CSV file, all of them numbers."""
    frame = pd.read_csv(path)[list(columns)].astype(columns)
    if frame.empty:
        raise ValueError("no rows")
    return frame


def _cleaned(project: Project, run: Run, houses: pd.DataFrame) -> pd.DataFrame | None:
    """Return the cleaned training rows, or None if they are not those of the run."""
    if any(data_changes(project, run)):
        return None
    try:
        cleaned = clean_rows(read_train(project.raw / "train.csv")).frame
    except UserError:
        return None
    return cleaned if np.array_equal(cleaned[ID], houses[ID]) else None
