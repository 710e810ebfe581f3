"""What the experiments share: the data, scores over fold seeds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from joblib import cpu_count

from pipeline.ames.table import ames
from pipeline.core.numbers import difference_text, score_texts
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.data.features import read_dataset
from pipeline.models.ensemble import Ensemble, cross_validate_models
from pipeline.validation.uncertainty import paired_difference

PROJECT = Project(Path())
DEVELOPMENT = range(5)  # fold seeds on which settings were chosen
HELD_OUT = range(10, 15)  # not held out from all choices: see docs/score.md
OUTLIERS = (524, 1299)  # very large houses, sold cheaply; not removed from training

LogPrices = Sequence[np.ndarray]
"""Out-of-fold log prices: for each fold seed an array of shape (rows,)."""


class Scores(NamedTuple):
    """The scores of out-of-fold predictions on several fold seeds.

    Attributes:
        texts: the mean log-RMSE over the fold seeds, of all rows and without outliers.
        squares: shape (rows,), the mean over the fold seeds of each house's squared
            error. The seeds share the houses, so only the houses tell how sure a
            difference is (Nadeau and Bengio, Machine Learning, 2003).
    """

    texts: list[str]
    squares: np.ndarray

    def difference(self, base: "Scores") -> str:
        """Return the difference to other predictions, ± its standard error."""
        return difference_text(*paired_difference(base.squares, self.squares))


def load() -> Dataset:
    """Return the real data, and set one thread per part, as `pipeline train` does."""
    torch.set_num_threads(1)
    return read_dataset(PROJECT.raw, ames())


def validate(dataset: Dataset, settings: Settings, seed: int) -> Ensemble:
    """Cross-validate on the folds of a seed, using all cores."""
    settings = replace(settings, seed=seed)
    return cross_validate_models(dataset, settings, lambda *_: None, cpu_count())


def scores_of(dataset: Dataset, log_prices: LogPrices) -> Scores:
    """Score out-of-fold predictions."""
    squares = (np.array(log_prices) - np.log(dataset.actual)) ** 2
    inliers = ~dataset.train["Id"].isin(OUTLIERS).to_numpy()
    means = [
        np.sqrt(part.mean(axis=1)).mean() for part in (squares, squares[:, inliers])
    ]
    return Scores(score_texts(means), squares.mean(axis=0))


def error_correlation(dataset: Dataset, first: LogPrices, second: LogPrices) -> str:
    """Return the mean over the fold seeds of the correlation of two models' errors."""
    errors = np.stack([first, second], axis=1) - np.log(dataset.actual)
    return f"{np.mean([np.corrcoef(pair)[0, 1] for pair in errors]):.2f}"
