"""Permutation importance of the raw columns, on rows that the models did not see.

One raw column is shuffled among the rows (Breiman, Random Forests, 2001, section 10),
and all columns that are built from it are built again. The importance is the increase
of the score.
"""

from collections.abc import Mapping, Sequence
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
        self._predictor, self._table, self._fold = predictor, predictor.table, fold
        schema = self._table.schema
        self._ranked = rank_ordered(rows, schema)
        self._formulas, self._sources = formulas(self._table), sources(self._table)
        features = build_features(rows, self._table)
        of_package = {*self._sources, *predictor.layout.skipped}
        self._of_user = {str(name) for name in features} - of_package
        self._entries = predictor.read(features)
        self._actual = rows[schema.target].to_numpy(float)
        self._ceiling = places_of(rows, schema).reset_index(drop=True)
        self._predicted = self._predict(
            self._entries, np.arange(len(rows)), self._ceiling
        )
        self._score = predictor.metric.score(self._predicted, self._actual)

    def increases(self, name: str, orders: Sequence[np.ndarray]) -> list[float]:
        """Return the increase of the score when a column is put in each order."""
        row = np.tile(np.arange(len(self._actual)), len(orders))
        features = self._shuffled(name, row, np.concatenate(orders))
        changed, entries = self._changed(features, row)
        predicted = self._predicted[row]
        ceiling = features.get(self._table.schema.ceiling, self._ceiling.iloc[row])
        predicted[changed] = self._predict(entries, row[changed], ceiling.iloc[changed])
        score = self._predictor.metric.score
        return [
            score(shuffled, self._actual) - self._score
            for shuffled in np.split(predicted, len(orders))
        ]

    def _changed(
        self, features: pd.DataFrame, row: np.ndarray
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return which copies of rows differ from them, and their encoded columns.

        Args:
            features: Those that may differ, of each copy.
            row: The number of the row that each is a copy of.
        """
        differs, encoded = np.zeros(len(row), bool), {}
        for view in self._predictor.views:
            matrix = view.read([features], self._predictor.layout)
            new = matrix.entries[:, : len(matrix.names)]
            columns = self._predictor.positions(view, matrix.names)
            old = self._entries[view.name][:, columns][row]
            same = (new == old) | (np.isnan(new) & np.isnan(old))
            differs |= ~same.all(axis=1)
            encoded[view.name] = columns, new
        changed = np.flatnonzero(differs)
        entries = {}
        for name, (columns, new) in encoded.items():
            entries[name] = self._entries[name][row[changed]]
            entries[name][:, columns] = new[changed]
        return changed, entries

    def _shuffled(self, name: str, row: np.ndarray, order: np.ndarray) -> pd.DataFrame:
        """Return the features that a column changes, and those they interact with."""
        changed = {
            feature for feature, sources in self._sources.items() if name in sources
        }
        changed |= self._of_user
        for pair in map(set, self._predictor.layout.interactions):
            if pair & changed:
                changed |= pair
        changed -= self._of_user
        needed = set().union(*(self._sources[feature] for feature in changed))
        if self._table.own is not None:
            needed = set(self._table.schema.names)
        ranked = self._ranked[list(needed)].iloc[row].reset_index(drop=True)
        ranked[name] = self._ranked[name].iloc[order].array
        features = pd.DataFrame(
            {feature: self._feature(ranked, feature) for feature in sorted(changed)}
        )
        of_user = own_columns(ranked, self._table)
        return features.assign(**{str(column): of_user[column] for column in of_user})

    def _feature(self, ranked: pd.DataFrame, name: str) -> pd.Series:
        formula = self._formulas.get(name)
        return ranked[name] if formula is None else formula(ranked)

    def _predict(
        self, entries: Mapping[str, np.ndarray], row: np.ndarray, ceiling: pd.Series
    ) -> np.ndarray:
        """Return the out-of-fold predictions of rows.

        Args:
            entries: The encoded rows, by the name of the view.
            row: The number of the training row that each is a copy of.
            ceiling: Their words in the column that the upper target bound depends on.
        """
        predicted = np.empty(len(row))
        for fold in np.unique(self._fold).tolist():
            held_out = np.flatnonzero(self._fold[row] == fold)
            if not len(held_out):
                continue
            rows = {name: each[held_out] for name, each in entries.items()}
            predicted[held_out] = self._predictor.predict_by_fold(
                rows, ceiling.iloc[held_out], fold
            )
        return predicted
