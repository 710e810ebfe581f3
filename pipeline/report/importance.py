"""Permutation importance of the raw columns, on rows that the networks did not see.

One raw column is shuffled among the houses (Breiman, Random Forests, 2001, section 10),
and all columns that are built from it are built again. The importance is the increase
of the log-RMSE.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.progress import announce
from pipeline.data.encoder import Matrix, to_matrix
from pipeline.data.features import (
    INTERACTIONS,
    build_features,
    feature,
    rank_ordered,
    sources,
)
from pipeline.data.schema import COLUMNS, LOCATION, TARGET
from pipeline.runs.predictor import Predictor
from pipeline.validation.metrics import log_rmse

SHUFFLES = 3  # per column
MOST_HOUSES = 3000  # a random sample of a longer file


class Importance(NamedTuple):
    """The increase of the log-RMSE for each shuffle of a column, and their mean."""

    column: str
    increases: list[float]
    mean: float


def importances(
    predictor: Predictor, houses: pd.DataFrame, fold: np.ndarray
) -> list[Importance]:
    """Return the importance of every raw column, largest first.

    Args:
        predictor: the networks of a run.
        houses: cleaned training rows.
        fold: shape [rows], the fold whose networks were not trained on the row.
    """
    generator = np.random.default_rng(0)
    if len(houses) > MOST_HOUSES:
        drawn = np.sort(generator.choice(len(houses), MOST_HOUSES, replace=False))
        houses, fold = houses.iloc[drawn], fold[drawn]
    scores = _Scores(predictor, houses, fold)
    found = []
    for done, column in enumerate(COLUMNS):
        announce("measuring the importance of each column", done, len(COLUMNS))
        orders = [generator.permutation(len(houses)) for _ in range(SHUFFLES)]
        increases = scores.increases(column.name, orders)
        found.append(Importance(column.name, increases, float(np.mean(increases))))
    return sorted(found, key=lambda each: -each.mean)


class _Scores:
    """Scores copies of the houses in which one column is shuffled.

    Only what the column changes is computed again: the features that are built from it,
    and the predictions for the houses whose features changed.
    """

    def __init__(
        self, predictor: Predictor, houses: pd.DataFrame, fold: np.ndarray
    ) -> None:
        self._predictor, self._fold = predictor, fold
        self._ranked = rank_ordered(houses)
        self._matrix = to_matrix(build_features(houses))
        self._places = {name: n for n, name in enumerate(self._matrix.names)}
        self._price = houses[TARGET].to_numpy(float)
        self._where = houses[LOCATION].reset_index(drop=True)
        every = np.arange(len(houses))
        self._predicted = self._predict(self._matrix, every, self._where)
        self._score = log_rmse(self._predicted, self._price)

    def increases(self, name: str, orders: Sequence[np.ndarray]) -> list[float]:
        """Return the increase of the log-RMSE when a column is put in each order."""
        house = np.tile(np.arange(len(self._price)), len(orders))
        features = self._shuffled(name, house, np.concatenate(orders))
        encoded = to_matrix(features)
        columns = [self._places[each] for each in encoded.names]
        before = self._matrix.entries[:, columns][house]
        differ = (encoded.entries != before) & ~(
            np.isnan(encoded.entries) & np.isnan(before)
        )
        changed = np.flatnonzero(differ.any(axis=1))
        entries = self._matrix.entries[house[changed]]
        entries[:, columns] = encoded.entries[changed]
        predicted = self._predicted[house]
        where = features.get(LOCATION, self._where.iloc[house]).iloc[changed]
        predicted[changed] = self._predict(
            self._matrix._replace(entries=entries), house[changed], where
        )
        return [
            log_rmse(own, self._price) - self._score
            for own in np.split(predicted, len(orders))
        ]

    def _shuffled(
        self, name: str, house: np.ndarray, order: np.ndarray
    ) -> pd.DataFrame:
        """Return the features that a column changes, and what these interact with."""
        names = {each for each, own in sources().items() if name in own}
        for pair in map(set, INTERACTIONS):
            names |= pair if pair & names else set()
        needed = set().union(*(sources()[each] for each in names))
        ranked = self._ranked[list(needed)].iloc[house].reset_index(drop=True)
        ranked[name] = self._ranked[name].iloc[order].array
        return pd.DataFrame({each: feature(ranked, each) for each in sorted(names)})

    def _predict(
        self, matrix: Matrix, house: np.ndarray, where: pd.Series
    ) -> np.ndarray:
        """Return the out-of-fold prices of some rows, given the house of each."""
        predicted = np.empty(len(house))
        for fold in np.unique(self._fold).tolist():
            own = np.flatnonzero(self._fold[house] == fold)
            rows = matrix._replace(entries=matrix.entries[own])
            log_price = self._predictor.log_price_of_matrix(rows, where.iloc[own], fold)
            predicted[own] = np.exp(log_price)
        return predicted
