"""All that explains a row of train.csv or test.csv by a run."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.metrics import METRICS, Metric
from pipeline.data.features import build_features, with_columns
from pipeline.data.table import Table
from pipeline.explain.explanation import BOUNDS, Contribution, Explanation, Similar
from pipeline.explain.interval import Intervals
from pipeline.explain.shapley import shapley
from pipeline.runs.predictor import RunModels
from pipeline.runs.record import TEST_BY_FOLD, Run, by_fold
from pipeline.runs.tables import read_numbers
from pipeline.validation.clipping import places_of

SIMILAR = 5  # rows that are shown
_FURTHEST = 50  # standard deviations; a network that predicts more has exploded
_ROUNDING = 1e-5  # of a prediction by networks, in deviations of the predictions


@dataclass(frozen=True)
class Explainer:
    """A run with the rows that it was trained on.

    Attributes:
        run: the run.
        table: of the run, with the user's own columns.
        results: as `read_results` returns them.
        rows: the cleaned training rows.
        models: of the run, or of the runs that it blends.
    """

    run: Run
    table: Table
    results: pd.DataFrame
    rows: pd.DataFrame
    models: RunModels

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
        prediction = float(self.results["prediction"].iloc[number])
        interval = self._intervals.of_training(number)
        return self._explain(self.rows.iloc[[number]], prediction, interval, number)

    def test_row(self, rows: pd.DataFrame, number: int) -> Explanation:
        """Explain one of the cleaned rows of test.csv by the models of all folds.

        Raises:
            UserError: A file of the run is not as `pipeline train` writes it.
        """
        names = [self.run.header(name) for name in by_fold(self.run.settings.folds)]
        path = self.run.folder / TEST_BY_FOLD
        numbers = read_numbers(path, dict.fromkeys(names, float), self._metric)
        predicted = self._metric.transform(numbers.iloc[number].to_numpy())
        row = rows.iloc[[number]]
        place = places_of(row, self.table.schema).iloc[0]
        interval = self._intervals.of_new(predicted, place)
        prediction = float(self._metric.undo(predicted.mean()))
        return self._explain(row, prediction, interval)

    def _explain(
        self,
        row: pd.DataFrame,
        prediction: float,
        interval: tuple[float, float],
        own: int | None = None,
    ) -> Explanation:
        """Explain a row; `own` is its number if it is a training row."""
        fold = None if own is None else int(self.results["fold"].iloc[own])
        low, high = self._metric.undo(np.array(interval)).tolist()
        features = build_features(row, self.table)
        base, contributions = self._contributions(row, features, fold)
        return Explanation(
            id=row[self.table.schema.id_name].tolist()[0],
            prediction=prediction,
            low=low,
            high=high,
            similar=self._similar(features, fold, own),
            base=base,
            contributions=contributions,
            metric=self._metric,
        )

    def _similar(
        self, features: pd.DataFrame, fold: int | None, own: int | None
    ) -> list[Similar] | None:
        alike = self.models.alike(features, self._features, fold)
        if alike is None:
            return None
        order = np.argsort(-alike, kind="stable")
        chosen = order[order != own][:SIMILAR]
        found = self.results.iloc[chosen].assign(similarity=alike[chosen])
        columns = found[["id", "actual", "similarity"]]
        return [Similar(*each) for each in columns.itertuples(index=False, name=None)]

    def _contributions(
        self, row: pd.DataFrame, features: pd.DataFrame, fold: int | None
    ) -> tuple[float, list[Contribution]]:
        schema = self.table.schema

        def predict(rows: pd.DataFrame) -> np.ndarray:
            if schema.id_name not in rows:
                rows = with_columns(rows, {schema.id_name: 0})
            features = build_features(rows, self.table)
            predicted = self.models.transformed(
                features, fold, bounded=False, exact=False
            )
            low, high = centre - furthest, centre + furthest
            return np.asarray(np.clip(predicted, low, high))

        centre = self._predicted.mean()
        furthest = _FURTHEST * self._predicted.std()
        found = shapley(predict, row, self.rows, self._predicted, schema.names)
        lines = list(zip(schema.names, found.effects, found.errors, strict=True))
        lines.sort(key=lambda line: -abs(line[1]))
        bounded = float(self.models.transformed(features, fold, exact=False)[0])
        clipped = bounded - found.base - found.effects.sum()
        if abs(clipped) > _ROUNDING * np.std(self._predicted):
            lines.append((BOUNDS, clipped, 0.0))
        values = {name: _plain(row[name].iloc[0]) for name in schema.names}
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
