"""All rows as each fold sees them: what is learned from rows, learned in every fold."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline.data.encoder import Encoder, to_matrix
from pipeline.data.schema import TARGET
from pipeline.network.inputs import Inputs, padded_matrix
from pipeline.validation.clipping import PriceBounds
from pipeline.validation.folds import Fold


@dataclass(frozen=True)
class FoldData:
    """All rows as each fold's encoder sees them, and the target as a network learns it.

    Shapes: targets [folds, rows + test rows], the log price less the fold's mean, over
    its deviation (NaN in test rows); mean and deviation [folds, 1]; floor [folds, 1]
    and ceiling [folds, rows + test rows] bound the log price.
    """

    folds: list[Fold]
    columns: list[str]
    encoders: list[Encoder]
    inputs: Inputs
    targets: Tensor
    mean: np.ndarray
    deviation: np.ndarray
    limits: list[PriceBounds]
    floor: np.ndarray
    ceiling: np.ndarray

    @classmethod
    def fit(
        cls, train: pd.DataFrame, test: pd.DataFrame, folds: list[Fold], device: str
    ) -> Self:
        """Learn all that is learned from rows from the training rows of each fold."""
        encoders = Encoder.fit_each(train, [fold.train for fold in folds])
        log_price = np.log(train[TARGET].to_numpy(float))
        parts = [log_price[fold.train] for fold in folds]
        mean = np.array([[part.mean()] for part in parts])
        deviation = np.array([[max(part.std(), 1e-6)] for part in parts])
        unknown = np.full((len(folds), len(test)), np.nan)
        targets = np.hstack([(log_price - mean) / deviation, unknown])
        where = pd.concat(
            [train["Neighborhood"], test["Neighborhood"]], ignore_index=True
        )
        limits = [
            PriceBounds.fit(where.iloc[f.train], log_price[f.train]) for f in folds
        ]
        return cls(
            folds=folds,
            columns=to_matrix(train.head(1)).names,
            encoders=encoders,
            inputs=Inputs.of(padded_matrix([train, test]), encoders, device),
            targets=torch.from_numpy(targets.astype(np.float32)).to(device),
            mean=mean,
            deviation=deviation,
            limits=limits,
            floor=np.array([[each.floor] for each in limits]),
            ceiling=np.stack([each.ceiling_of(where) for each in limits]),
        )

    @cached_property
    def unseen(self) -> np.ndarray:
        """The rows that each fold has not learned from, test rows too, [folds, n].

        Where a fold has fewer than others, its last stands there again.
        """
        seen = np.zeros(self.targets.shape, dtype=bool)
        for own, fold in zip(seen, self.folds, strict=True):
            own[fold.train] = True
        rows = [np.flatnonzero(~own) for own in seen]
        most = max(map(len, rows))
        return np.stack([np.pad(own, (0, most - len(own)), "edge") for own in rows])

    def bound(self, log_price: np.ndarray) -> np.ndarray:
        """Keep log prices [..., folds, rows + test rows] within the folds' limits."""
        return np.asarray(np.clip(log_price, self.floor, self.ceiling))
