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
from pipeline.validation.uncertainty import paired_difference

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
    values = ["–" if r.best_value is None else f"{r.best_value:g}" for r in runs]
    cells = {
        f"{metric.title}, all rows": [score_text(run.final.pooled) for run in runs],
        "difference to the first run": ["–", *(text for text, _ in differences)],
        "told apart from it": ["–", *(verdict for _, verdict in differences)],
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
        "best λ": values,
        "seconds": [f"{run.seconds:.1f}" for run in runs],
        **_settings(runs),
    }
    return [Row(name, each, len(set(each)) > 1) for name, each in cells.items()]


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


def _settings(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return the settings, versions, notes and data of the runs, by their names.

    A setting that one of the runs lacks is not compared, but a file or a note is.
    """
    described = [describe(run) | {"note": run.note or NONE} for run in runs]
    names = dict.fromkeys(name for texts in described for name in texts)
    settings = {name: [texts.get(name, "") for texts in described] for name in names}
    del settings["data"]  # its files have rows of their own
    inputs = [input_texts(run) for run in runs]
    files = dict.fromkeys(name for texts in inputs for name in texts)
    return {
        **{name: cells for name, cells in settings.items() if all(cells)},
        **{name: [texts.get(name, NONE) for texts in inputs] for name in files},
    }


def _difference(
    metric: Metric, reference: pd.DataFrame, other: pd.DataFrame
) -> tuple[str, str]:
    """Return the difference of the scores of two runs, and if they are told apart.

    In place of the difference it may be what forbids to compare them.

    The errors are paired by row: see `paired_difference`. The groups are those of the
    first run that has any. On other folds or fold seeds the difference is partly that
    of the folds, which the standard error over rows does not contain.
    """
    if reference["id"].dtype != other["id"].dtype:
        return "different rows", "–"
    pairs = reference.merge(other, on="id", suffixes=("", " of other"))
    if len(pairs) < max(len(reference), len(other)):
        return "different rows", "–"
    for name, what in (("actual", "different targets"), ("fold", "different folds")):
        if (pairs[name] != pairs[f"{name} of other"]).any():
            return what, "–"
    first, second = (
        metric.losses_of(pairs[name].to_numpy()) for name in ("error", "error of other")
    )
    groups = pairs["group"].to_numpy() if "group" in pairs else None
    found = paired_difference(first, second, metric, groups)
    return difference_text(*found), "yes" if found.is_told_apart else "no"
