"""Compare several runs, with the standard error of their difference."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from pipeline.data.schema import ID
from pipeline.kaggle.leaderboard import SubmittedRun
from pipeline.report.facts import Facts
from pipeline.report.svg import labels
from pipeline.report.texts import lambda_text, setting_texts
from pipeline.validation.metrics import Difference, paired_difference


class Row(NamedTuple):
    """A quantity, its value in each run, and whether the values differ."""

    name: str
    cells: list[str]
    differs: bool


def compare(
    several: Sequence[Facts | SubmittedRun], houses: Sequence[pd.DataFrame]
) -> list[Row]:
    """Return the scores and the settings of runs, a row for each quantity.

    Args:
        several: the runs, with their leaderboard scores.
        houses: the `Id` and `error` of each run's houses.
    """
    runs = [each.run for each in several]
    differences = [_difference(houses[0], each) for each in houses[1:]]
    rows = {
        "log-RMSE, all rows": [f"{run.final.pooled:.4f}" for run in runs],
        "difference to the first run": ["–", *map(_signed, differences)],
        "told apart from it": ["–", *map(_told_apart, differences)],
        "mean ± sd of folds": [
            f"{run.final.mean:.4f} ± {run.final.std:.4f}" for run in runs
        ],
        "expected, 90 % interval": [
            f"{run.forecast.low:.4f} to {run.forecast.high:.4f}" for run in runs
        ],
        "on the leaderboard": [_score(each.leaderboard) for each in several],
        "models": [", ".join(run.models) for run in runs],
        "best λ": [lambda_text(run.best_lambda) or "–" for run in runs],
        "seconds": [f"{run.seconds:.1f}" for run in runs],
    }
    settings = [setting_texts(run.settings) for run in runs]
    for name in settings[0]:
        rows[name] = [each[name] for each in settings]
    return [Row(name, cells, len(set(cells)) > 1) for name, cells in rows.items()]


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.4f}"


def _difference(first: pd.DataFrame, other: pd.DataFrame) -> Difference | None:
    """Return the difference of the log-RMSE of two runs; None for different rows.

    The errors are paired by house: see `paired_difference`.
    """
    pairs = first[[ID, "error"]].merge(other[[ID, "error"]], on=ID)
    if len(pairs) < len(first) or len(pairs) < len(other):
        return None
    squares = (pairs[name].to_numpy() ** 2 for name in ("error_x", "error_y"))
    return paired_difference(*squares)


def _signed(difference: Difference | None) -> str:
    return labels.signed(*difference) if difference else "different rows"


def _told_apart(difference: Difference | None) -> str:
    """Return whether a difference is more than two standard errors."""
    if difference is None:
        return "–"
    return "yes" if difference.is_told_apart else "no"
