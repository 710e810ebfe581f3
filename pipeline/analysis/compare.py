"""Compare several runs, with the standard error of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from pipeline.analysis.identify import NONE, describe, input_texts
from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.numbers import (
    difference_text,
    interval_text,
    mean_text,
    score_text,
    weights_text,
)
from pipeline.runs.record import Run, run_schema
from pipeline.runs.tables import read_results
from pipeline.validation.uncertainty import Difference, paired_difference

if TYPE_CHECKING:  # facts loads torch
    from pipeline.analysis.facts import Facts
    from pipeline.kaggle.receipts import SubmittedRun


class Row(NamedTuple):
    """A quantity, its value in each run, and whether the values differ."""

    name: str
    cells: list[str]
    differs: bool


def compare(submitted: Sequence[Facts | SubmittedRun]) -> list[Row]:
    """Return the scores of runs, their settings and data, a row for each quantity.

    The difference of two scores is given for the same rows, targets and folds only.

    Raises:
        UserError: The runs have different metrics or targets, or a run cannot be read.
    """
    runs = [item.run for item in submitted]
    _check_metric(runs)
    metric = METRICS[runs[0].metric]
    first, *others = [read_results(run) for run in runs]
    differences = [_difference(metric, first, other) for other in others]
    scores = {
        f"{metric.title}, all rows": [score_text(run.final.pooled) for run in runs],
        "difference to the first run": ["–", *map(_signed, differences)],
        "told apart from it": ["–", *map(_told_apart, differences)],
        "corrected for the choice": [
            "not for the search" if run.search else score_text(run.cv_corrected)
            for run in runs
        ],
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
    rows = [Row(name, cells, len(set(cells)) > 1) for name, cells in scores.items()]
    return rows + _settings(runs)


def _check_metric(runs: Sequence[Run]) -> None:
    """Refuse runs whose scores are of different quantities."""
    if len({run.metric for run in runs}) > 1:
        raise UserError("the runs have different metrics; compare runs of one metric")
    targets = dict.fromkeys(run_schema(run).target for run in runs)
    if len(targets) > 1:
        raise UserError(
            f"the runs predict different targets ({', '.join(targets)}); "
            "compare runs of one target"
        )


def _settings(runs: Sequence[Run]) -> list[Row]:
    """Return the rows of settings, versions, data and notes.

    A setting that one of the runs lacks is not compared, but a file or a note is.
    """
    described = [describe(run) for run in runs]
    inputs = [input_texts(run) for run in runs]
    rows = []
    for name in dict.fromkeys(name for texts in described for name in texts):
        cells = [texts.get(name, "") for texts in described]
        if name == "note":
            cells = [cell or NONE for cell in cells]
        is_comparable = all(cells) and name != "data"  # its files have rows
        if is_comparable:
            rows.append(Row(name, cells, len(set(cells)) > 1))
    for name in dict.fromkeys(name for texts in inputs for name in texts):
        cells = [texts.get(name, NONE) for texts in inputs]
        rows.append(Row(name, cells, len(set(cells)) > 1))
    return rows


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _difference(
    metric: Metric, reference: pd.DataFrame, other: pd.DataFrame
) -> Difference | str:
    """Return the difference of the scores of two runs, or what forbids to compare them.

    The errors are paired by row: see `paired_difference`. The groups are those of the
    first run that has any. On other folds or fold seeds the difference is partly that
    of the folds, which the standard error over rows does not contain.
    """
    if reference["id"].dtype != other["id"].dtype:
        return "different rows"
    columns = ["id", "fold", "actual", "error"]
    pairs = reference[columns].merge(other[columns], on="id")
    if len(pairs) < len(reference) or len(pairs) < len(other):
        return "different rows"
    for name, what in (("actual", "different targets"), ("fold", "different folds")):
        if (pairs[f"{name}_x"] != pairs[f"{name}_y"]).any():
            return what
    first = metric.losses_of(pairs["error_x"].to_numpy())
    second = metric.losses_of(pairs["error_y"].to_numpy())
    groups = None
    for run in (other, reference):
        if "group" in run:
            groups = run.set_index("id").loc[pairs["id"], "group"].to_numpy()
    return paired_difference(first, second, metric, groups)


def _signed(difference: Difference | str) -> str:
    if isinstance(difference, str):
        return difference
    return difference_text(*difference)


def _told_apart(difference: Difference | str) -> str:
    """Return whether a difference is more than two standard errors."""
    if isinstance(difference, str):
        return "–"
    return "yes" if difference.is_told_apart else "no"
