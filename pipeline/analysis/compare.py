"""Compare several runs, with the standard error of their difference."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from pipeline.analysis.facts import Facts, read_results
from pipeline.analysis.identify import setting_texts
from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.numbers import (
    difference_text,
    interval_text,
    mean_text,
    score_text,
    weights_text,
)
from pipeline.kaggle.receipts import SubmittedRun
from pipeline.validation.uncertainty import Difference, paired_difference


class Row(NamedTuple):
    """A quantity, its value in each run, and whether the values differ."""

    name: str
    cells: list[str]
    differs: bool


def compare(submitted: Sequence[Facts | SubmittedRun]) -> list[Row]:
    """Return the scores and the settings of runs, a row for each quantity.

    Raises:
        UserError: The runs have different metrics, or a run cannot be read.
    """
    runs = [item.run for item in submitted]
    if len({run.metric for run in runs}) > 1:
        raise UserError("the runs have different metrics; compare runs of one metric")
    metric = METRICS[runs[0].metric]
    first, *others = [read_results(run) for run in runs]
    differences = [_difference(metric, first, other) for other in others]
    rows = {
        f"{metric.title}, all rows": [score_text(run.final.pooled) for run in runs],
        "difference to the first run": ["–", *map(_signed, differences)],
        "told apart from it": ["–", *map(_told_apart, differences)],
        "mean ± sd of folds": [
            mean_text(run.final.mean, run.final.std) for run in runs
        ],
        "expected, 90 % interval": [
            interval_text(run.forecast.low, run.forecast.high) for run in runs
        ],
        "on the leaderboard": [score_text(item.leaderboard) for item in submitted],
        "weights": [weights_text(run.weights) for run in runs],
        "best λ": [_value(run.best_value) for run in runs],
        "seconds": [f"{run.seconds:.1f}" for run in runs],
    }
    settings = [setting_texts(run.settings) for run in runs]
    rows |= {name: [texts[name] for texts in settings] for name in settings[0]}
    return [Row(name, cells, len(set(cells)) > 1) for name, cells in rows.items()]


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _difference(
    metric: Metric, reference: pd.DataFrame, other: pd.DataFrame
) -> Difference | None:
    """Return the difference of the scores of two runs; None for different rows.

    The errors are paired by row: see `paired_difference`. The groups are those of the
    first run that has any.
    """
    if reference["id"].dtype != other["id"].dtype:
        return None
    columns = ["id", "error"]
    pairs = reference[columns].merge(other[columns], on="id")
    if len(pairs) < len(reference) or len(pairs) < len(other):
        return None
    first = metric.losses_of(pairs["error_x"].to_numpy())
    second = metric.losses_of(pairs["error_y"].to_numpy())
    groups = None
    for run in (other, reference):
        if "group" in run:
            groups = run.set_index("id").loc[pairs["id"], "group"].to_numpy()
    return paired_difference(first, second, metric, groups)


def _signed(difference: Difference | None) -> str:
    return difference_text(*difference) if difference else "different rows"


def _told_apart(difference: Difference | None) -> str:
    """Return whether a difference is more than two standard errors."""
    if difference is None:
        return "–"
    return "yes" if difference.is_told_apart else "no"
