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

from pipeline.core.metrics import METRICS, Metric
from pipeline.core.progress import announce
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.data.encoder import Encoder, encoded_names
from pipeline.network.inputs import Inputs, padded_matrix
from pipeline.validation.clipping import RowBounds, TargetBounds, places_of
from pipeline.validation.folds import Fold, fold_numbers

_LEAST_DEVIATION = 1e-6  # of that of all rows; if all of a fold are equal


class TargetScale(NamedTuple):
    """Mean and deviation of each fold's transformed targets, shape (folds, 1) each."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, transformed: np.ndarray, folds: list[Fold]) -> Self:
        """Compute both from the training rows of each fold."""
        parts = [transformed[fold.train] for fold in folds]
        least = _LEAST_DEVIATION * (float(transformed.std()) or 1.0)
        return cls(
            np.array([[part.mean()] for part in parts]),
            np.array([[max(part.std(), least)] for part in parts]),
        )

    def standardise(self, transformed: np.ndarray) -> np.ndarray:
        """Standardise targets by every fold: [rows] -> [folds, rows]."""
        return np.asarray((transformed - self.mean) / self.deviation)

    def centring(self, metric: Metric) -> Self:
        """Return the scale of the models beside the MLP: logs are only centred."""
        deviation = np.ones_like(self.deviation) if metric.log else self.deviation
        return self._replace(deviation=deviation)

    def unstandardise(
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
        metric: the metric, which transforms the target.
        folds: the row numbers of each fold.
        columns: names of the encoded columns.
        encoders: of each fold.
        inputs: training rows and then test rows, encoded.
        targets: shape (folds, all rows), the standardised target; NaN in test rows.
        scale: the mean and standard deviation of the target.
        target_bounds: of each fold.
        row_bounds: the same for all rows.
    """

    metric: Metric
    folds: list[Fold]
    columns: list[str]
    encoders: list[Encoder]
    inputs: Inputs
    targets: Tensor
    scale: TargetScale
    target_bounds: list[TargetBounds]
    row_bounds: RowBounds

    @classmethod
    def fit(
        cls,
        dataset: Dataset,
        folds: list[Fold],
        settings: Settings,
        jobs: int = 1,
    ) -> Self:
        """Fit encoders, target scale and target bounds on each fold's training rows.

        With several jobs, the encoders of a long file are fitted in threads.
        """
        announce("encoding the rows for each fold")
        train, test = dataset.train, dataset.test
        schema, layout = dataset.schema, dataset.layout
        metric = METRICS[schema.metric]
        encoders = Encoder.fit_each(
            train, layout, [fold.train for fold in folds], settings.rare_share, jobs
        )
        transformed = metric.transform(train[schema.target].to_numpy(float))
        scale = TargetScale.fit(transformed, folds)
        missing = np.full((len(folds), len(test)), np.nan)
        targets = np.hstack([scale.standardise(transformed), missing])
        places = [places_of(frame, schema) for frame in (train, test)]
        where = pd.concat(places, ignore_index=True)
        bounds = [
            TargetBounds.fit(
                where.iloc[fold.train],
                transformed[fold.train],
                settings.margin_quantile,
            )
            for fold in folds
        ]
        matrix = padded_matrix([train, test], layout)
        return cls(
            metric=metric,
            folds=folds,
            columns=encoded_names(train, layout),
            encoders=encoders,
            inputs=Inputs.of(matrix, encoders, settings.device),
            targets=torch.from_numpy(targets.astype(np.float32)).to(settings.device),
            scale=scale,
            target_bounds=bounds,
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
