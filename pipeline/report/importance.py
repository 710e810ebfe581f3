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
from pipeline.data.features import INTERACTIONS, build_features
from pipeline.data.schema import CATEGORIES, COLUMNS, LOCATION, TARGET
from pipeline.runs.predictor import Predictor
from pipeline.validation.metrics import log_rmse

SHUFFLES = 3  # per column
MOST_HOUSES = 3000  # a random sample of a longer file
_BATCH = 12  # shuffled copies of the houses at a time

_INTERACTING = {name for name, _ in INTERACTIONS}
_CATEGORIES = {each.name for each in CATEGORIES.values() if not each.ordered}


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
    original = to_matrix(build_features(houses))
    (before,) = _scores(predictor, original, houses, fold)
    names = [column.name for column in COLUMNS for _ in range(SHUFFLES)]
    after: list[float] = []
    for start in range(0, len(names), _BATCH):
        done = start // SHUFFLES
        announce("measuring the importance of each column", done, len(COLUMNS))
        batch = names[start : start + _BATCH]
        copies = pd.concat([_shuffled(houses, name, generator) for name in batch])
        matrix = _copies_matrix(original, build_features(copies), batch)
        after += _scores(predictor, matrix, copies, fold)
    increases = (np.array(after) - before).reshape(-1, SHUFFLES)
    found = [
        Importance(column.name, own.tolist(), float(own.mean()))
        for column, own in zip(COLUMNS, increases, strict=True)
    ]
    return sorted(found, key=lambda each: -each.mean)


def _shuffled(
    houses: pd.DataFrame, name: str, generator: np.random.Generator
) -> pd.DataFrame:
    values = houses[name].iloc[generator.permutation(len(houses))]
    return houses.assign(**{name: values.set_axis(houses.index)})


def _copies_matrix(
    original: Matrix, features: pd.DataFrame, shuffled: Sequence[str]
) -> Matrix:
    """Return the matrix of copies of all houses with some columns shuffled.

    Categories that are not shuffled are taken from the original matrix, which saves
    most of the time. Those with interactions are always encoded again.
    """
    same = _CATEGORIES - _INTERACTING - set(shuffled)
    encoded = to_matrix(features.drop(columns=list(same)))
    index = {column: number for number, column in enumerate(original.names)}
    values = np.tile(original.entries, (len(features) // len(original.entries), 1))
    values[:, [index[column] for column in encoded.names]] = encoded.entries
    return original._replace(entries=values)


def _scores(
    predictor: Predictor, matrix: Matrix, copies: pd.DataFrame, fold: np.ndarray
) -> list[float]:
    """Return the out-of-fold log-RMSE of each copy of the houses."""
    number = len(copies) // len(fold)
    price = copies[TARGET].to_numpy(float)
    fold_of, predicted = np.tile(fold, number), np.empty(len(copies))
    for each in np.unique(fold).tolist():
        own = np.flatnonzero(fold_of == each)
        rows = matrix._replace(entries=matrix.entries[own])
        where = copies[LOCATION].iloc[own]
        predicted[own] = np.exp(predictor.log_price_of_matrix(rows, where, each))
    pairs = zip(np.split(predicted, number), np.split(price, number), strict=True)
    return [log_rmse(*pair) for pair in pairs]
