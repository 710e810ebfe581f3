"""Compare several runs, with the standard error of their difference."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.data.schema import ID
from pipeline.report.facts import Facts
from pipeline.report.svg import labels
from pipeline.report.texts import lambda_text, setting_texts
from pipeline.validation.metrics import paired_difference


class Row(NamedTuple):
    """A quantity, its value in each run, and whether the values differ."""

    name: str
    cells: list[str]
    differs: bool


def compare(several: Sequence[Facts]) -> list[Row]:
    """Return the scores and the settings of runs, a row for each quantity."""
    runs = [each.run for each in several]
    rows = {
        "log-RMSE, all rows": [f"{run.final.pooled:.4f}" for run in runs],
        "difference to the first run": [
            _difference(several[0], each) for each in several
        ],
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


def _difference(first: Facts, other: Facts) -> str:
    """Return the difference of the log-RMSE of two runs, ± its standard error.

    The errors are paired by house: see `paired_difference`.
    """
    if other is first:
        return "–"
    pairs = first.houses[[ID, "error"]].merge(other.houses[[ID, "error"]], on=ID)
    if len(pairs) < len(first.houses) or len(pairs) < len(other.houses):
        return "different rows"
    squares = (pairs[name].to_numpy() ** 2 for name in ("error_x", "error_y"))
    value, error = paired_difference(*squares)
    return labels.signed(value, error)
