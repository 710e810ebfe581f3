"""Which columns matter: permutation importance on rows the networks never saw.

One raw column is shuffled among the houses (Breiman, Random Forests, 2001, section 10)
and every built column that comes from it is built again: what is asked is how much
worse a house is priced whose OverallQual is another's, say.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.data.encoder import Matrix, to_matrix
from pipeline.data.features import CROSSED, build_features
from pipeline.data.schema import CATEGORIES, COLUMNS, TARGET
from pipeline.runs.predictor import Predictor
from pipeline.validation.metrics import log_rmse

SHUFFLES = 3  # of each column
MOST_HOUSES = 3000  # of a long file, drawn at random
_BATCH = 12  # shuffles at a time

_ALWAYS = {word for word, _ in CROSSED}
_WORDS = {each.name for each in CATEGORIES.values() if not each.ordered}


class Importance(NamedTuple):
    """How much each shuffle of a column worsens the log-RMSE, and the mean of it."""

    column: str
    rises: list[float]
    mean: float


def importances(
    fitted: Predictor, houses: pd.DataFrame, fold: np.ndarray
) -> list[Importance]:
    """The importance of every raw column, greatest first.

    Args:
        fitted: the networks.
        houses: cleaned training rows.
        fold: [rows], the number of the fold whose networks never saw the row.
    """
    generator = np.random.default_rng(0)
    if len(houses) > MOST_HOUSES:
        drawn = np.sort(generator.choice(len(houses), MOST_HOUSES, replace=False))
        houses, fold = houses.iloc[drawn], fold[drawn]
    usual = to_matrix(build_features(houses))
    (before,) = _scores(fitted, usual, houses, fold)
    names = [column.name for column in COLUMNS for _ in range(SHUFFLES)]
    after: list[float] = []
    for start in range(0, len(names), _BATCH):
        batch = names[start : start + _BATCH]
        shuffled = pd.concat([_shuffled(houses, name, generator) for name in batch])
        matrix = _respread(usual, build_features(shuffled), batch)
        after += _scores(fitted, matrix, shuffled, fold)
    rises = (np.array(after) - before).reshape(-1, SHUFFLES)
    found = [
        Importance(column.name, own.tolist(), float(own.mean()))
        for column, own in zip(COLUMNS, rises, strict=True)
    ]
    return sorted(found, key=lambda each: -each.mean)


def _shuffled(
    houses: pd.DataFrame, name: str, generator: np.random.Generator
) -> pd.DataFrame:
    values = houses[name].iloc[generator.permutation(len(houses))]
    return houses.assign(**{name: values.set_axis(houses.index)})


def _respread(usual: Matrix, features: pd.DataFrame, names: Sequence[str]) -> Matrix:
    """The matrix of copies of all houses, in which only words of some columns differ.

    Words that do not differ are taken from the usual matrix, which saves most of the
    time; but those that are crossed with numbers are always needed.
    """
    fresh = to_matrix(features.drop(columns=list(_WORDS - _ALWAYS - set(names))))
    place = {column: number for number, column in enumerate(usual.names)}
    values = np.tile(usual.entries, (len(features) // len(usual.entries), 1))
    values[:, [place[column] for column in fresh.names]] = fresh.entries
    return usual._replace(entries=values)


def _scores(
    fitted: Predictor, matrix: Matrix, copies: pd.DataFrame, fold: np.ndarray
) -> list[float]:
    """The log-RMSE of each copy, every row priced by networks that never saw it."""
    number = len(copies) // len(fold)
    price = copies[TARGET].to_numpy(float)
    owner, predicted = np.tile(fold, number), np.empty(len(copies))
    for each in range(len(fitted.networks)):
        own = np.flatnonzero(owner == each)
        rows = matrix._replace(entries=matrix.entries[own])
        where = copies["Neighborhood"].iloc[own]
        predicted[own] = np.exp(fitted.of_matrix(rows, where, each))
    pairs = zip(np.split(predicted, number), np.split(price, number), strict=True)
    return [log_rmse(*pair) for pair in pairs]
