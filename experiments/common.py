"""What the experiments share: the data, scores over fold seeds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from joblib import cpu_count

from pipeline.ames.table import ames
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.data.features import read_dataset
from pipeline.models.ensemble import Ensemble, cross_validate_models
from pipeline.validation.uncertainty import paired_difference

PROJECT = Project(Path())
ID, TARGET = "Id", "SalePrice"
DEVELOPMENT = range(5)  # fold seeds on which settings were chosen
HELD_OUT = range(10, 15)  # not held out from all choices: see docs/score.md
OUTLIERS = (524, 1299)  # very large houses, sold cheaply; not removed from training


class Houses(NamedTuple):
    """The features, and what scoring needs of the training rows.

    Shapes: transformed [rows]; usual [rows], False for the two outliers.
    """

    dataset: Dataset
    transformed: np.ndarray
    usual: np.ndarray

    @property
    def train(self) -> pd.DataFrame:
        """The features of the training rows, with id and target."""
        return self.dataset.train


class Scores(NamedTuple):
    """The scores of out-of-fold predictions on several fold seeds.

    Attributes:
        every: mean log-RMSE over the fold seeds, over all rows.
        usual: the same without the two outliers.
        squares: shape (rows,), the mean over the fold seeds of each house's squared
            error. The seeds share the houses, so only the houses tell how sure a
            difference is (Nadeau and Bengio, Machine Learning, 2003).
    """

    every: float
    usual: float
    squares: np.ndarray

    def difference(self, base: "Scores") -> str:
        """Return the difference to other predictions, ± its standard error."""
        value, error = paired_difference(base.squares, self.squares)
        return f"{value:+.4f} ± {error:.4f}"


def load() -> Houses:
    """Return the real data, and set one thread per part, as `pipeline train` does."""
    torch.set_num_threads(1)
    dataset = read_dataset(PROJECT.raw, ames())
    transformed = np.log(dataset.train[TARGET].to_numpy(float))
    usual = ~dataset.train[ID].isin(OUTLIERS).to_numpy()
    return Houses(dataset, transformed, usual)


def validate(houses: Houses, settings: Settings, seed: int) -> Ensemble:
    """Cross-validate on the folds of a seed, using all cores."""
    settings = replace(settings, seed=seed)
    return cross_validate_models(houses.dataset, settings, lambda *_: None, cpu_count())


def scores_of(houses: Houses, log_predictions: Sequence[np.ndarray]) -> Scores:
    """Score out-of-fold log prices, an array of shape (rows,) per fold seed."""
    squares = (np.array(log_predictions) - houses.transformed) ** 2
    every = np.sqrt(squares.mean(axis=1)).mean()
    usual = np.sqrt(squares[:, houses.usual].mean(axis=1)).mean()
    return Scores(float(every), float(usual), squares.mean(axis=0))


def error_correlation(
    houses: Houses, first: Sequence[np.ndarray], second: Sequence[np.ndarray]
) -> float:
    """Return the mean over the fold seeds of the correlation of two models' errors."""
    errors = np.stack([first, second], axis=1) - houses.transformed
    return float(np.mean([np.corrcoef(pair)[0, 1] for pair in errors]))


def mean_of(*members: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the blend of several models, an array per fold seed or draw."""
    return list(np.mean(members, axis=0))
