"""Why a row has its prediction, as numbers and as the lines of tables."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.core.errors import one_line
from pipeline.core.metrics import Metric
from pipeline.core.numbers import target_text

ABOUT_SIMILAR = "The most similar training rows; 1 is in the same leaf of every tree"
NO_TREES = "Similar rows need boosting: `pipeline train --model boosting`"


class Similar(NamedTuple):
    """A training row, its target, and how alike it is, from 0 to 1."""

    id: int | str
    target: float
    similarity: float


class Contribution(NamedTuple):
    """What a column adds, or by which factor it multiplies; with its standard error."""

    column: str
    value: Any
    effect: float
    error: float


@dataclass(frozen=True)
class Explanation:
    """Why a row has its prediction.

    Attributes:
        id: of the row.
        prediction: as the run's files have it.
        low: of the interval.
        high: of the interval.
        similar: the most alike training rows; None if no model of the run tells.
        base: the prediction of typical rows.
        contributions: largest first. Added to the base, or multiplied with it, they
            give the prediction.
        metric: for logs, effects are factors of `metric.base`.
    """

    id: int | str
    prediction: float
    low: float
    high: float
    similar: list[Similar] | None
    base: float
    contributions: list[Contribution]
    metric: Metric

    def steps(self) -> list[float]:
        """Return how much each contribution changes the target, in their order."""
        effects = np.array([each.effect for each in self.contributions])
        start = float(self.metric.transform(np.array(self.base)))
        moves = np.log(effects) if self.metric.log else effects
        path = start + np.concatenate([[0.0], np.cumsum(moves)])
        return list(map(float, np.diff(self.metric.undo(path))))

    @property
    def what_columns_do(self) -> str:
        """The title of what each column adds."""
        what = f"multiplies {self.metric.base} by" if self.metric.log else "adds"
        return f"What each column {what}, compared with typical rows"

    def heads(self, target: str) -> tuple[list[str], list[str]]:
        """Return the headings of `lines`: of texts, and of numbers."""
        mark = "×" if self.metric.log else "+"
        return ["column", "value"], [mark, "± error", f"change of {target}"]

    def lines(self, most: int) -> list[list[str]]:
        """Return a table: the base, contributions, sum of the others, prediction.

        Args:
            most: the number of contributions that have a line of their own.
        """
        is_factor, changes = self.metric.log, self.steps()
        lines = [["typical rows", "", "", "", target_text(self.base)]]
        for each, change in zip(self.contributions[:most], changes, strict=False):
            value = "–" if each.value is None else one_line(str(each.value), 40)
            effect = f"{each.effect:.3f}" if is_factor else _signed(each.effect)
            error = f"{each.error:.3f}" if is_factor else target_text(each.error)
            lines.append([each.column, value, effect, error, _signed(change)])
        if others := changes[most:]:
            total = _signed(sum(others))
            lines.append([f"{len(others)} others", "", "", "", total])
        return [*lines, ["prediction", "", "", "", target_text(self.prediction)]]

    def similar_lines(self) -> list[list[str]]:
        """Return id, target and similarity of the most alike rows, as text."""
        return [
            [one_line(str(row_id)), target_text(target), f"{similarity:.2f}"]
            for row_id, target, similarity in self.similar or []
        ]


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + target_text(abs(value))
