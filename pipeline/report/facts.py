"""All that a page shows of a run, from its folder and the data behind it."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.data import processed
from pipeline.data.clean import clean_rows
from pipeline.data.raw import read_train
from pipeline.data.schema import ID, TARGET
from pipeline.kaggle import receipts
from pipeline.report.importance import Importance, importances
from pipeline.runs.integrity import changes
from pipeline.runs.predictor import Predictor
from pipeline.runs.record import Record, read_record, sound
from pipeline.validation.metrics import log_errors


class Facts(NamedTuple):
    """A run's record, its houses and curves, and which columns matter to it.

    `houses` has what oof.csv has of each house, its `error` (the log of prediction over
    price), its `share` of all squared error and, where the data is still what the run
    was trained on, its cleaned columns; where it is not, `importance` is None.
    `changes` has a line for each file that is not as it was when the run was finished.
    `leaderboard` is the score that Kaggle gave.
    """

    record: Record
    houses: pd.DataFrame
    history: pd.DataFrame
    importance: list[Importance] | None
    changes: list[str]
    submitted: bool
    leaderboard: float | None


def read_facts(project: Project, record: dict[str, Any]) -> Facts:
    """Read a run, and find which columns matter.

    Raises:
        UserError: a file of the run is missing or not as `train` writes it.
    """
    run = read_record(project, record)
    folder = project.runs / run.run_id
    seen = sound(folder / "oof.csv", _out_of_fold, folder / "oof.csv")
    history = sound(folder / "history.csv", _history, folder / "history.csv")
    houses = _houses(project, record, seen)
    found = None
    if houses is not None:
        fitted = Predictor.load(project, record)
        found = importances(fitted, houses, seen["fold"].to_numpy())
        seen = houses.assign(**{str(name): seen[name] for name in seen})
    submission = project.submissions / f"{run.run_id}.csv"
    sent = receipts.read(submission)
    return Facts(
        record=run,
        houses=seen,
        history=history,
        importance=found,
        changes=list(changes(project, record)),
        submitted=submission.is_file(),
        leaderboard=sent.public_score if sent else None,
    )


def _out_of_fold(path: Path) -> pd.DataFrame:
    """The prices of rows by networks that never saw them, and how far off they are."""
    seen = _numbers(path, {ID: int, "fold": int, TARGET: float, "prediction": float})
    prices = seen[[TARGET, "prediction"]]
    if not ((prices > 0) & np.isfinite(prices)).all(axis=None):
        raise ValueError("a price that is not positive and finite")
    error = log_errors(seen["prediction"].to_numpy(), seen[TARGET].to_numpy())
    whole = (error**2).sum() or 1.0  # of a run without any error
    return seen.assign(error=error, share=error**2 / whole)


def _history(path: Path) -> pd.DataFrame:
    names = {"lambda": float, "fold": int, "epoch": int, "train": float, "valid": float}
    return _numbers(path, names)


def _numbers(path: Path, columns: dict[str, type]) -> pd.DataFrame:
    """Some columns of a CSV file, all of them numbers."""
    frame = pd.read_csv(path)[list(columns)].astype(columns)
    if frame.empty:
        raise ValueError("no rows")
    return frame


def _houses(
    project: Project, record: dict[str, Any], seen: pd.DataFrame
) -> pd.DataFrame | None:
    """The cleaned training rows, if they are those that the run was trained on."""
    try:
        if processed.require(project) != record.get("inputs"):
            return None
        houses = clean_rows(read_train(project.raw / "train.csv")).frame
    except UserError:
        return None
    return houses if np.array_equal(houses[ID], seen[ID]) else None
