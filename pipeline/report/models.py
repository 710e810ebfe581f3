"""The models of a blend beside each other: their scores, and how alike their errors."""

from typing import NamedTuple

import numpy as np

from pipeline.report.facts import Facts
from pipeline.report.svg import labels


class ModelRow(NamedTuple):
    """A row of the table of models, as text."""

    name: str
    pooled: str
    difference: str
    typical: str
    correlations: list[str]


def compare_models(facts: Facts) -> list[ModelRow]:
    """Return a row for each model of a blend, and for the blend; [] for one model.

    A row has the log-RMSE, its difference to the blend's with the standard error over
    houses, the median absolute error in percent, and the correlation of its errors with
    those of each model.
    """
    errors = facts.model_errors
    if errors.empty:
        return []
    scores = [*facts.run.members, facts.run.final]
    columns = [*(errors[score.model].to_numpy() for score in scores[:-1])]
    columns.append(facts.houses["error"].to_numpy())
    rows = []
    for score, own in zip(scores, columns, strict=True):
        gap, error = score.difference, score.difference_error
        rows.append(
            ModelRow(
                name=score.model,
                pooled=f"{score.pooled:.4f}",
                difference=labels.signed(gap, error) if gap is not None else "",
                typical=f"{np.expm1(np.median(np.abs(own))):.1%}",
                correlations=[_correlation(own, other) for other in columns[:-1]],
            )
        )
    return rows


def _correlation(own: np.ndarray, other: np.ndarray) -> str:
    """Return the correlation of errors; "–" if those of a model are all equal."""
    if not np.ptp(own) or not np.ptp(other):
        return "–"
    return f"{np.corrcoef(own, other)[0, 1]:.2f}"
