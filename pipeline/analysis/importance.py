"""Permutation importance of the raw columns, on rows that the networks did not see.

One raw column is shuffled among the rows (Breiman, Random Forests, 2001, section 10),
and all columns that are built from it are built again. The importance is the increase
of the score.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.progress import announce
from pipeline.data.encoder import Matrix, to_matrix
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
        predictor: the networks of a run.
        rows: cleaned training rows.
        fold: shape [rows], the fold whose networks were not trained on the row.
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
    return sorted(found, key=lambda each: -each.mean)


def _names(predictor: Predictor) -> list[str]:
    """Return the raw columns."""
    return predictor.table.schema.names


class _Scores:
    """Scores copies of the rows in which one column is shuffled.

    Only what the column changes is computed again: the features that are built from it,
    and the predictions for the rows whose features changed. The user's own columns are
    built again for each column: what they are computed from is not known.
    """

    def __init__(
        self, predictor: Predictor, rows: pd.DataFrame, fold: np.ndarray
    ) -> None:
        self._predictor, self._table, self._fold = predictor, predictor.table, fold
        schema = self._table.schema
        self._ranked = rank_ordered(rows, schema)
        self._formulas, self._sources = formulas(self._table), sources(self._table)
        features = build_features(rows, self._table)
        known = {*self._sources, *predictor.layout.skipped}
        self._own = {str(name) for name in features} - known
        self._matrix = to_matrix(features, predictor.layout)
        self._place_of = {name: n for n, name in enumerate(self._matrix.names)}
        self._actual = rows[schema.target].to_numpy(float)
        self._places = places_of(rows, schema).reset_index(drop=True)
        every = np.arange(len(rows))
        self._predicted = self._predict(self._matrix, every, self._places)
        self._score = predictor.metric.score(self._predicted, self._actual)

    def increases(self, name: str, orders: Sequence[np.ndarray]) -> list[float]:
        """Return the increase of the score when a column is put in each order."""
        row = np.tile(np.arange(len(self._actual)), len(orders))
        features = self._shuffled(name, row, np.concatenate(orders))
        encoded = to_matrix(features, self._predictor.layout)
        columns = [self._place_of[each] for each in encoded.names]
        before = self._matrix.entries[:, columns][row]
        differ = (encoded.entries != before) & ~(
            np.isnan(encoded.entries) & np.isnan(before)
        )
        changed = np.flatnonzero(differ.any(axis=1))
        entries = self._matrix.entries[row[changed]]
        entries[:, columns] = encoded.entries[changed]
        predicted = self._predicted[row]
        ceiling = self._table.schema.ceiling
        places = features.get(ceiling, self._places.iloc[row]).iloc[changed]
        predicted[changed] = self._predict(
            self._matrix._replace(entries=entries), row[changed], places
        )
        score = self._predictor.metric.score
        return [
            score(own, self._actual) - self._score
            for own in np.split(predicted, len(orders))
        ]

    def _shuffled(self, name: str, row: np.ndarray, order: np.ndarray) -> pd.DataFrame:
        """Return the features that a column changes, and what these interact with."""
        names = {each for each, own in self._sources.items() if name in own}
        names |= self._own
        for pair in map(set, self._predictor.layout.interactions):
            names |= pair if pair & names else set()
        names -= self._own
        needed = set().union(*(self._sources[each] for each in names))
        if self._table.own is not None:
            needed = set(self._table.schema.names)
        ranked = self._ranked[list(needed)].iloc[row].reset_index(drop=True)
        ranked[name] = self._ranked[name].iloc[order].array
        features = {each: self._feature(ranked, each) for each in sorted(names)}
        own = own_columns(ranked, self._table)
        return pd.DataFrame(features).assign(**{str(each): own[each] for each in own})

    def _feature(self, ranked: pd.DataFrame, name: str) -> pd.Series:
        formula = self._formulas.get(name)
        return ranked[name] if formula is None else formula(ranked)

    def _predict(
        self, matrix: Matrix, row: np.ndarray, places: pd.Series
    ) -> np.ndarray:
        """Return the out-of-fold predictions of some rows, given the number of each."""
        predicted = np.empty(len(row))
        for fold in np.unique(self._fold).tolist():
            own = np.flatnonzero(self._fold[row] == fold)
            rows = matrix._replace(entries=matrix.entries[own])
            predicted[own] = self._predictor.predict_by_fold(
                rows, places.iloc[own], fold
            )
        return predicted
