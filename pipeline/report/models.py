"""The models of a blend beside each other: their scores, and how alike their errors."""

from typing import NamedTuple

import numpy as np

from pipeline.core.numbers import score_text
from pipeline.report.facts import Facts
from pipeline.report.svg import labels
from pipeline.report.texts import typical_error


class ModelRow(NamedTuple):
    """A row of the table of models, as text."""

    name: str
    pooled: str
    difference: str
    typical: str
    correlations: list[str]


def compare_models(facts: Facts) -> list[ModelRow]:
    """Return a row for each model of a blend, and for the blend; [] for one model.

    A row has the score, its difference to the blend's with the standard error over
    rows, the median absolute error, and the correlation of its errors with
    those of each model.
    """
    errors = facts.model_errors
    if errors.empty:
        return []
    scores = [*facts.run.members, facts.run.final]
    columns = [*(errors[score.model].to_numpy() for score in scores[:-1])]
    columns.append(facts.rows["error"].to_numpy())
    rows = []
    for score, own in zip(scores, columns, strict=True):
        gap, error = score.difference, score.difference_error
        rows.append(
            ModelRow(
                name=score.model,
                pooled=score_text(score.pooled),
                difference=labels.signed(gap, error) if gap is not None else "",
                typical=typical_error(np.median(np.abs(own)), log=facts.metric.log),
                correlations=[_correlation(own, other) for other in columns[:-1]],
            )
        )
    return rows


def _correlation(own: np.ndarray, other: np.ndarray) -> str:
    """Return the correlation of errors; "–" if those of a model are all equal."""
    if not np.ptp(own) or not np.ptp(other):
        return "–"
    return f"{np.corrcoef(own, other)[0, 1]:.2f}"
