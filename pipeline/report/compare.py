"""Compare several runs, with the standard error of their difference."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.data.schema import ID
from pipeline.report.facts import Facts
from pipeline.report.texts import setting_texts


class Row(NamedTuple):
    """A quantity, its value in each run, and whether the values differ."""

    name: str
    cells: list[str]
    differs: bool


def compare(several: Sequence[Facts]) -> list[Row]:
    """Return the scores and the settings of runs, a row for each quantity."""
    runs = [each.run for each in several]
    rows = {
        "log-RMSE, all rows": [f"{run.best.pooled:.4f}" for run in runs],
        "difference to the first run": [
            _difference(several[0], each) for each in several
        ],
        "mean ± sd of folds": [
            f"{run.best.mean:.4f} ± {run.best.std:.4f}" for run in runs
        ],
        "expected, 90 % interval": [
            f"{run.forecast.low:.4f} to {run.forecast.high:.4f}" for run in runs
        ],
        "on the leaderboard": [_score(each.leaderboard) for each in several],
        "best λ": [f"{run.best_lambda:g}" for run in runs],
        "seconds": [f"{run.seconds:.1f}" for run in runs],
    }
    settings = [setting_texts(run.settings) for run in runs]
    for name in settings[0]:
        rows[name] = [each[name] for each in settings]
    return [Row(name, cells, len(set(cells)) > 1) for name, cells in rows.items()]


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.4f}"


def _difference(first: Facts, other: Facts) -> str:
    """Return the difference of the log-RMSE of two runs, ± its standard error.

    The errors are paired by house, since a house that is hard to predict is hard in
    both runs. The difference of the mean squared errors is converted to a difference of
    their roots by the delta method.
    """
    if other is first:
        return "–"
    pairs = first.houses[[ID, "error"]].merge(other.houses[[ID, "error"]], on=ID)
    if len(pairs) < len(first.houses) or len(pairs) < len(other.houses):
        return "different rows"
    difference = pairs["error_y"] ** 2 - pairs["error_x"] ** 2
    roots = first.run.best.pooled + other.run.best.pooled
    error = float(np.std(difference, ddof=1)) / math.sqrt(len(pairs))
    return f"{difference.mean() / roots:+.4f} ± {error / roots:.4f}".replace("-", "−")
