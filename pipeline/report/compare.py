"""Several runs side by side, and whether a difference is more than luck."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.data.schema import ID
from pipeline.report.facts import Facts


class Row(NamedTuple):
    """A quantity, its value in each run, and whether the runs differ in it."""

    name: str
    cells: list[str]
    differs: bool


def compare(runs: Sequence[Facts]) -> list[Row]:
    """What the runs scored, and the settings they were trained with."""
    records = [each.record for each in runs]
    rows = {
        "log-RMSE, all rows": [f"{r.best.pooled:.4f}" for r in records],
        "worse than the first": [_behind(runs[0], each) for each in runs],
        "mean ± sd of folds": [
            f"{r.best.mean:.4f} ± {r.best.std:.4f}" for r in records
        ],
        "expected, 90%": [
            f"{r.forecast.low:.4f} to {r.forecast.high:.4f}" for r in records
        ],
        "on the leaderboard": [_score(each.leaderboard) for each in runs],
        "best λ": [f"{r.best.value:g}" for r in records],
        "seconds": [f"{r.seconds:.1f}" for r in records],
    }
    names = list(dict.fromkeys(name for r in records for name in r.settings))
    for name in names:
        rows[name] = [r.settings.get(name, "–") for r in records]
    return [Row(name, own, len(set(own)) > 1) for name, own in rows.items()]


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.4f}"


def _behind(first: Facts, other: Facts) -> str:
    """How much worse a run scored than the first, ± the standard error, by houses.

    The houses are paired: what makes one hard to price does so in both runs. The
    difference of mean squared errors is turned into one of their roots by its slope.
    """
    if other is first:
        return "–"
    pairs = first.houses[[ID, "error"]].merge(other.houses[[ID, "error"]], on=ID)
    if len(pairs) < len(first.houses) or len(pairs) < len(other.houses):
        return "other houses"
    difference = pairs["error_y"] ** 2 - pairs["error_x"] ** 2
    roots = first.record.best.pooled + other.record.best.pooled
    error = float(np.std(difference, ddof=1)) / math.sqrt(len(pairs))
    return f"{difference.mean() / roots:+.4f} ± {error / roots:.4f}".replace("-", "−")
