"""Permutation importance of the raw columns, on rows that the models did not see.

One raw column is shuffled among the rows (Breiman, Random Forests, 2001, section 10),
and all columns that are built from it are built again. The importance is the increase
of the score.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.progress import announce
from pipeline.data.features import (
    build_features,
    formulas,
    own_columns,
    rank_ordered,
    sources,
    with_columns,
)
from pipeline.runs.predictor import Predictor
from pipeline.validation.clipping import places_of

SHUFFLES = 3  # per column
MOST_ROWS = 3000  # a random sample of a longer file


class Importance(NamedTuple):
    """The increase of the score for each shuffle of a column, and their mean."""

    column: str
    increases: list[float]
    mean: float


def importances(
    predictor: Predictor, rows: pd.DataFrame, fold: np.ndarray
) -> list[Importance]:
    """Return the importance of every raw column, largest first.

    Args:
        predictor: The models of a run.
        rows: Cleaned training rows.
        fold: The fold whose models were not trained on the row, shape [rows].
    """
    generator = np.random.default_rng(0)
    if len(rows) > MOST_ROWS:
        drawn = np.sort(generator.choice(len(rows), MOST_ROWS, replace=False))
        rows, fold = rows.iloc[drawn], fold[drawn]
    scores = _Scores(predictor, rows, fold)
    found = []
    names = _names(predictor)
    for done, name in enumerate(names):
        announce("measuring the importance of each column", done, len(names))
        orders = [generator.permutation(len(rows)) for _ in range(SHUFFLES)]
        increases = scores.increases(name, orders)
        found.append(Importance(name, increases, float(np.mean(increases))))
    return sorted(found, key=lambda item: -item.mean)


def _names(predictor: Predictor) -> list[str]:
    """Return the raw columns."""
    return predictor.table.schema.names


class _Scores:
    """Scores copies of the rows in which one column is shuffled.

    Only what the column changes is computed again: the features that are built from it,
    and the predictions for the rows whose features changed. Nobody knows which columns
    the user's columns.py reads, so its columns are built again for each shuffle.
    """

    def __init__(
        self, predictor: Predictor, rows: pd.DataFrame, fold: np.ndarray
    ) -> None:
        self._predictor, self._table = predictor, predictor.table
        schema, ceiling = self._table.schema, places_of(rows, predictor.table.schema)
        self._formulas, self._sources = formulas(self._table), sources(self._table)
        features = build_features(rows, self._table)
        of_package = {*self._sources, *predictor.layout.skipped}
        self._of_user = {str(name) for name in features} - of_package
        self._entries = predictor.read(features)
        self._actual = rows[schema.target].to_numpy(float)
        predicted = predictor.predict_by_fold(self._entries, ceiling, fold)
        self._score = predictor.metric.score(predicted, self._actual)
        # The rows are copied once per shuffle.
        self._row = np.tile(np.arange(len(rows)), SHUFFLES)
        ranked = rank_ordered(rows, schema).iloc[self._row]
        self._ranked = ranked.reset_index(drop=True)
        self._ceiling = ceiling.iloc[self._row].reset_index(drop=True)
        self._fold, self._predicted = fold[self._row], predicted[self._row]

    def increases(self, name: str, orders: Sequence[np.ndarray]) -> list[float]:
        """Return the increase of the score when a column is put in each order."""
        shuffled = self._ranked[name].iloc[np.concatenate(orders)].array
        features = self._features(name, with_columns(self._ranked, {name: shuffled}))
        changed, entries = self._changed(features)
        ceiling = features.get(self._table.schema.ceiling, self._ceiling)
        predicted = self._predicted.copy()
        predicted[changed] = self._predictor.predict_by_fold(
            entries, ceiling.iloc[changed], self._fold[changed]
        )
        score = self._predictor.metric.score
        return [
            score(copy, self._actual) - self._score
            for copy in np.split(predicted, len(orders))
        ]

    def _changed(
        self, features: pd.DataFrame
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the copies that differ from their rows, and their encoded columns."""
        differs, encoded = np.zeros(len(self._row), bool), {}
        for view in self._predictor.views:
            matrix = view.read([features], self._predictor.layout)
            new = matrix.entries[:, : len(matrix.names)]
            columns = self._predictor.positions(view, matrix.names)
            old = self._entries[view.name][:, columns][self._row]
            same = (new == old) | (np.isnan(new) & np.isnan(old))
            differs |= ~same.all(axis=1)
            encoded[view.name] = columns, new
        changed = np.flatnonzero(differs)
        entries = {}
        for name, (columns, new) in encoded.items():
            entries[name] = self._entries[name][self._row[changed]]
            entries[name][:, columns] = new[changed]
        return changed, entries

    def _features(self, name: str, ranked: pd.DataFrame) -> pd.DataFrame:
        """Return the features that a column changes, and those they interact with."""
        changed = {
            feature for feature, sources in self._sources.items() if name in sources
        }
        changed |= self._of_user
        for pair in map(set, self._predictor.layout.interactions):
            if pair & changed:
                changed |= pair
        features = {
            feature: self._formulas[feature](ranked)
            if feature in self._formulas
            else ranked[feature]
            for feature in sorted(changed - self._of_user)
        }
        of_user = own_columns(ranked, self._table)
        return pd.DataFrame(
            features | {str(column): of_user[column] for column in of_user}
        )
