"""All rows, encoded and standardised separately for each fold.

Everything that is fitted on rows is fitted on the training rows of each fold alone.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline.core.progress import announce
from pipeline.core.settings import Settings
from pipeline.data.encoder import Encoder, to_matrix
from pipeline.data.schema import LOCATION, TARGET
from pipeline.network.inputs import Inputs, padded_matrix
from pipeline.validation.clipping import PriceBounds, RowBounds
from pipeline.validation.folds import Fold, fold_numbers

_LEAST_DEVIATION = 1e-6  # of log prices; if all are equal, they are divided by this


class TargetScale(NamedTuple):
    """Mean and standard deviation of each fold's log prices, shape (folds, 1) each."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, log_price: np.ndarray, folds: list[Fold]) -> Self:
        """Compute both from the training rows of each fold."""
        parts = [log_price[fold.train] for fold in folds]
        return cls(
            np.array([[part.mean()] for part in parts]),
            np.array([[max(part.std(), _LEAST_DEVIATION)] for part in parts]),
        )

    def standardise(self, log_price: np.ndarray) -> np.ndarray:
        """Standardise log prices by every fold: [rows] -> [folds, rows]."""
        return np.asarray((log_price - self.mean) / self.deviation)

    def to_log_price(
        self, standardised: np.ndarray, fold: int | list[int] | np.ndarray
    ) -> np.ndarray:
        """Undo the standardisation.

        Args:
            standardised: shape (rows,) for one fold, or (..., C, rows) for C folds.
            fold: the number of the fold, or C numbers.
        """
        return np.asarray(standardised * self.deviation[fold] + self.mean[fold])


@dataclass(frozen=True)
class FoldData:
    """What the networks of each fold are trained on.

    Attributes:
        folds: the row numbers of each fold.
        columns: names of the encoded columns.
        encoders: of each fold.
        inputs: training rows and then test rows, encoded.
        targets: shape (folds, all rows), the standardised log price; NaN in test rows.
        scale: the mean and standard deviation of the target.
        price_bounds: of each fold.
        row_bounds: the same for all rows.
    """

    folds: list[Fold]
    columns: list[str]
    encoders: list[Encoder]
    inputs: Inputs
    targets: Tensor
    scale: TargetScale
    price_bounds: list[PriceBounds]
    row_bounds: RowBounds

    @classmethod
    def fit(
        cls,
        train: pd.DataFrame,
        test: pd.DataFrame,
        folds: list[Fold],
        settings: Settings,
        jobs: int = 1,
    ) -> Self:
        """Fit encoders, target scale and price bounds on each fold's training rows.

        With several jobs, the encoders of a long file are fitted in threads.
        """
        announce("encoding the rows for each fold")
        encoders = Encoder.fit_each(
            train, [fold.train for fold in folds], settings.rare_share, jobs
        )
        log_price = np.log(train[TARGET].to_numpy(float))
        scale = TargetScale.fit(log_price, folds)
        missing = np.full((len(folds), len(test)), np.nan)
        targets = np.hstack([scale.standardise(log_price), missing])
        where = pd.concat([train[LOCATION], test[LOCATION]], ignore_index=True)
        bounds = [
            PriceBounds.fit(
                where.iloc[fold.train], log_price[fold.train], settings.margin_quantile
            )
            for fold in folds
        ]
        matrix = padded_matrix([train, test])
        return cls(
            folds=folds,
            columns=to_matrix(train.head(1)).names,
            encoders=encoders,
            inputs=Inputs.of(matrix, encoders, settings.device),
            targets=torch.from_numpy(targets.astype(np.float32)).to(settings.device),
            scale=scale,
            price_bounds=bounds,
            row_bounds=RowBounds.of(bounds, where),
        )

    @cached_property
    def fold_of(self) -> np.ndarray:
        """The number of the fold that validates each training row, shape (rows,)."""
        return fold_numbers(self.folds)

    @cached_property
    def unseen(self) -> np.ndarray:
        """The rows that each fold is not trained on, test rows included, [folds, n].

        A fold with fewer of them than others repeats its last one.
        """
        seen = np.zeros(self.targets.shape, dtype=bool)
        for own, fold in zip(seen, self.folds, strict=True):
            own[fold.train] = True
        rows = [np.flatnonzero(~own) for own in seen]
        most = max(map(len, rows))
        return np.stack([np.pad(own, (0, most - len(own)), "edge") for own in rows])
