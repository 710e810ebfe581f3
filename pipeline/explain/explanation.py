"""Why a row has its prediction, as numbers and as the lines of tables."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.core.errors import one_line
from pipeline.core.metrics import Metric
from pipeline.core.numbers import target_text

ABOUT_SIMILAR = "The most similar training rows; 1 is in the same leaf of every tree"
BOUNDS = "target bounds"


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
        """The title of `table`."""
        if not self.metric.log:
            return "What each column adds, compared with typical rows"
        return (
            f"What each column multiplies {self.metric.base} by, compared with typical "
            "rows; the changes are in this order"
        )

    def table(
        self, target: str, most: int
    ) -> tuple[list[str], list[str], list[list[str]]]:
        """Return a table: headings of texts, headings of numbers, and the lines.

        The lines are the base, contributions, the sum of the others, the target bounds
        if they matter, and the prediction.

        Args:
            target: the name of the target.
            most: the number of columns that have a line of their own.
        """
        heads = ["×"] * self.metric.log + ["± error", f"change of {target}"]
        blank = [""] * len(heads)
        pairs = list(zip(self.contributions, self.steps(), strict=True))
        bounds = pairs[-1:] if self.contributions[-1].column == BOUNDS else []
        columns = pairs[: len(pairs) - len(bounds)]
        lines = [["typical rows", *blank, target_text(self.base)]]
        lines += [self._line(*pair) for pair in columns[:most]]
        if others := columns[most:]:
            total = sum(change for _, change in others)
            lines.append([f"{len(others)} others", *blank, _signed(total)])
        lines += [self._line(*pair) for pair in bounds]
        lines.append(["prediction", *blank, target_text(self.prediction)])
        return ["column", "value"], heads, lines

    def _line(self, each: Contribution, change: float) -> list[str]:
        value = "–" if each.value is None else one_line(str(each.value), 40)
        numbers = [target_text(each.error)]
        if self.metric.log:
            numbers = [f"{each.effect:.3f}", f"{each.error:.3f}"]
        return [each.column, value, *numbers, _signed(change)]

    def similar_lines(self) -> list[list[str]]:
        """Return id, target and similarity of the most alike rows, as text."""
        return [
            [one_line(str(row_id)), target_text(target), f"{similarity:.2f}"]
            for row_id, target, similarity in self.similar or []
        ]


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + target_text(abs(value))
