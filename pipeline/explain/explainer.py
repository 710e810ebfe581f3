"""All that explains a row of train.csv or test.csv by a run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project
from pipeline.data.features import build_features, with_columns
from pipeline.data.table import Table
from pipeline.explain.blend import Blend
from pipeline.explain.interval import Intervals
from pipeline.explain.shapley import shapley
from pipeline.runs.record import TEST_BY_FOLD, Run, by_fold
from pipeline.runs.tables import read_numbers
from pipeline.validation.clipping import places_of

SIMILAR = 5  # rows that are shown
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


@dataclass(frozen=True)
class Explainer:
    """A run with the rows that it was trained on.

    Attributes:
        run: the run.
        table: of the run, with the user's own columns.
        results: as `read_results` returns them.
        rows: the cleaned training rows.
        blend: the models.
    """

    run: Run
    table: Table
    results: pd.DataFrame
    rows: pd.DataFrame
    blend: Blend

    @classmethod
    def load(
        cls,
        project: Project,
        run: Run,
        table: Table,
        results: pd.DataFrame,
        rows: pd.DataFrame,
    ) -> Self:
        """Load the models of a run.

        Raises:
            UserError: A file of the run, or of a run that it blends, cannot be used.
        """
        blend = Blend.load(project, run, results)
        parts = [
            part._replace(predictor=replace(part.predictor, table=table))
            for part in blend.parts
        ]
        return cls(run, table, results, rows, replace(blend, parts=parts))

    @property
    def _metric(self) -> Metric:
        return METRICS[self.run.metric]

    @cached_property
    def _features(self) -> pd.DataFrame:
        return build_features(self.rows, self.table)

    @cached_property
    def _predicted(self) -> np.ndarray:
        return self._metric.transform(self.results["prediction"].to_numpy())

    @cached_property
    def _intervals(self) -> Intervals:
        actual = self._metric.transform(self.results["actual"].to_numpy())
        fold = self.results["fold"].to_numpy()
        places = places_of(self.rows, self.table.schema)
        return Intervals.fit(self._predicted, actual, fold, places)

    def training_row(self, number: int) -> Explanation:
        """Explain a training row by the models of the fold that did not see it."""
        row, result = self.rows.iloc[[number]], self.results.iloc[number]
        interval = self._intervals.of_training(number)
        folds = [int(result["fold"])]
        return self._explain(row, float(result["prediction"]), interval, folds, number)

    def test_row(self, rows: pd.DataFrame, number: int) -> Explanation:
        """Explain one of the cleaned rows of test.csv by the models of all folds.

        Raises:
            UserError: A file of the run is not as `pipeline train` writes it.
        """
        folds = range(self.run.settings.folds)
        names = [self.run.header(name) for name in by_fold(len(folds))]
        path = self.run.folder / TEST_BY_FOLD
        numbers = read_numbers(path, dict.fromkeys(names, float), self._metric)
        predicted = self._metric.transform(numbers.iloc[number].to_numpy())
        row = rows.iloc[[number]]
        place = places_of(row, self.table.schema).iloc[0]
        interval = self._intervals.of_new(predicted, place)
        prediction = float(self._metric.undo(predicted.mean()))
        return self._explain(row, prediction, interval, folds)

    def _explain(
        self,
        row: pd.DataFrame,
        prediction: float,
        interval: tuple[float, float],
        folds: Sequence[int],
        own: int | None = None,
    ) -> Explanation:
        id_name = self.table.schema.id_name
        low, high = self._metric.undo(np.array(interval)).tolist()
        base, contributions = self._contributions(row, folds)
        return Explanation(
            id=row[id_name].tolist()[0],
            prediction=prediction,
            low=low,
            high=high,
            similar=self._similar(row, folds, own),
            base=base,
            contributions=contributions,
            metric=self._metric,
        )

    def _similar(
        self, row: pd.DataFrame, folds: Sequence[int], own: int | None
    ) -> list[Similar] | None:
        features = build_features(row, self.table)
        alike = self.blend.alike(features, self._features, folds)
        if alike is None:
            return None
        order = np.argsort(-alike, kind="stable")
        chosen = order[order != own][:SIMILAR]
        ids, targets = self.results["id"], self.results["actual"]
        pairs = zip(ids[chosen].tolist(), targets[chosen].tolist(), strict=True)
        return [
            Similar(*pair, similarity)
            for pair, similarity in zip(pairs, alike[chosen].tolist(), strict=True)
        ]

    def _contributions(
        self, row: pd.DataFrame, folds: Sequence[int]
    ) -> tuple[float, list[Contribution]]:
        schema = self.table.schema

        def predict(rows: pd.DataFrame) -> np.ndarray:
            if schema.id_name not in rows:
                rows = with_columns(rows, {schema.id_name: 0})
            return self.blend.predict(build_features(rows, self.table), folds)[0]

        found = shapley(predict, row, self.rows, self._predicted, schema.names)
        lines = list(zip(schema.names, found.effects, found.errors, strict=True))
        lines.sort(key=lambda line: -abs(line[1]))
        free, bounded = self.blend.predict(build_features(row, self.table), folds)
        values = {name: _plain(row[name].iloc[0]) for name in schema.names}
        if (clipped := float(bounded[0] - free[0])) != 0:
            lines.append((BOUNDS, clipped, 0.0))
        contributions = []
        for name, added, error in lines:
            effect = math.exp(added) if self._metric.log else float(added)
            size = effect * float(error) if self._metric.log else float(error)
            contributions.append(Contribution(name, values.get(name), effect, size))
        return float(self._metric.undo(np.array(found.base))), contributions


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a cell as JSON has it."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, str):
        return value
    return int(value) if float(value).is_integer() else float(value)
