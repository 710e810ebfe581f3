"""The folds, and what is fitted on the training rows of each.

Every model reads the same folds, standardised targets and bounds. What else it needs it
asks for: a view of the features, or the encoder of a fold.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from pipeline.core.metrics import METRICS, Metric
from pipeline.core.progress import announce
from pipeline.core.settings import Settings
from pipeline.core.threads import run_in_threads
from pipeline.data.dataset import Dataset, Layout
from pipeline.data.encoder import EXPANDED, Encoder, Matrix, View, coded_counts
from pipeline.data.units import ROUNDING, deviation
from pipeline.validation.clipping import RowBounds, TargetBounds, places_of
from pipeline.validation.folds import Fold, dataset_folds, fold_numbers, smallest
from pipeline.validation.robust_ridge import RidgeFit, fit_ridge
from pipeline.validation.target_means import TargetMeans
from pipeline.validation.uncertainty import Difference, paired_difference

_DECAY = 24.0  # weight decay at a penalty of 1 per row; about 5 on House Prices
_BLOCK_CELLS = 2**23  # encoded numbers, 64 MB, that are multiplied at a time
_ONCE = Lock()  # models fit the folds in threads, and encoders are fitted for all

_MOST_SAMPLED = 4096  # rows; more would hardly change the error on rows trained on
_LEAST_DEVIATION = 1e-6  # of that of all rows; if all of a fold are equal


class TargetScale(NamedTuple):
    """Mean and deviation of each fold's transformed targets, shape (folds, 1) each."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, transformed: np.ndarray, folds: list[Fold]) -> Self:
        """Compute both from the training rows of each fold."""
        parts = [transformed[fold.train] for fold in folds]
        least = _LEAST_DEVIATION * (deviation(transformed) or 1.0)
        return cls(
            np.array([[part.mean()] for part in parts]),
            np.array([[_deviation_or(part, least)] for part in parts]),
        )

    def standardise(self, transformed: np.ndarray) -> np.ndarray:
        """Standardise targets by every fold: [rows] -> [folds, rows]."""
        return np.asarray((transformed - self.mean) / self.deviation)

    def undo(self, standardised: np.ndarray) -> np.ndarray:
        """Return transformed targets, given standardised ones [..., folds, rows]."""
        return np.asarray(standardised * self.deviation + self.mean)


def _deviation_or(part: np.ndarray, least: float) -> float:
    """Return the deviation of targets, or the least one if they are all equal."""
    found = deviation(part)
    return found if found > ROUNDING * float(np.abs(part).max()) else least


@dataclass(frozen=True)
class FoldData:
    """What the models of each fold are trained on.

    Attributes:
        dataset: the training and the test rows.
        settings: the settings of the run, for these rows.
        metric: the metric, which transforms the target.
        folds: the row numbers of each fold.
        targets: shape (folds, rows), the standardised targets of the training rows.
        scale: the mean and standard deviation of the target.
        target_bounds: of each fold.
        row_bounds: the same for all rows, test rows included.
        jobs: the number of threads that encode a long file.
    """

    dataset: Dataset
    settings: Settings
    metric: Metric
    folds: list[Fold]
    targets: np.ndarray
    scale: TargetScale
    target_bounds: list[TargetBounds]
    row_bounds: RowBounds
    jobs: int = 1
    _matrices: dict[str, Matrix] = field(default_factory=dict, repr=False)
    _ridges: dict[int, RidgeFit] = field(default_factory=dict, repr=False)

    @classmethod
    def fit(cls, dataset: Dataset, settings: Settings, jobs: int = 1) -> Self:
        """Split the rows into folds, and fit scale and bounds on the training rows.

        Raises:
            UserError: There are fewer rows, or groups, than folds.
        """
        train, test, schema = dataset.train, dataset.test, dataset.schema
        metric, folds = METRICS[schema.metric], dataset_folds(dataset, settings)
        settings = settings.for_rows(smallest(folds))
        transformed = metric.transform(train[schema.target].to_numpy(float))
        scale = TargetScale.fit(transformed, folds)
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
        return cls(
            dataset=dataset,
            settings=settings,
            metric=metric,
            folds=folds,
            targets=scale.standardise(transformed),
            scale=scale,
            target_bounds=bounds,
            row_bounds=RowBounds.of(bounds, where),
            jobs=jobs,
        )

    def __sizeof__(self) -> int:
        """Return about its bytes: Dask sends what is large to each worker once."""
        return sum(matrix.entries.nbytes for matrix in self._matrices.values())

    @property
    def rows(self) -> int:
        """The number of training rows."""
        return len(self.dataset.train)

    @property
    def all_rows(self) -> int:
        """The number of training and test rows."""
        return self.rows + len(self.dataset.test)

    @cached_property
    def fold_of(self) -> np.ndarray:
        """The number of the fold that validates each training row, shape (rows,)."""
        return fold_numbers(self.folds)

    def read(self, view: View) -> Matrix:
        """Return the training rows and below them the test rows, as a view has them."""
        if view.name not in self._matrices:
            frames = [self.dataset.train, self.dataset.test]
            self._matrices[view.name] = view.read(frames, self.dataset.layout)
        return self._matrices[view.name]

    @cached_property
    def encoders(self) -> list[Encoder]:
        """The encoder of each fold, for the columns of the view EXPANDED."""
        announce("encoding the rows for each fold")
        encoders = Encoder.fit_each(
            self.dataset.train,
            self.dataset.layout,
            [fold.train for fold in self.folds],
            self.settings.rare_share,
            self.jobs,
        )
        coded = np.array([*self._coded], np.int64)
        return [
            encoder.with_table(coded, *means)
            for encoder, means in zip(encoders, self.target_means, strict=True)
        ]

    @cached_property
    def target_means(self) -> list[TargetMeans]:
        """The target means of each fold, for the columns of words that are codes."""
        codes = self.read(EXPANDED).entries[:, [*self._coded]].astype(int)
        return [
            TargetMeans.fit(
                codes[fold.train],
                max(self._coded.values(), default=0),
                target[fold.train],
                self.settings.seed,
                self.dataset.groups_of(fold.train),
            )
            for fold, target in zip(self.folds, self.targets, strict=True)
        ]

    @property
    def replaced(self) -> np.ndarray:
        """What replaces the codes of words, shape (folds, rows + test rows, t)."""
        entries = self.read(EXPANDED).entries
        values = np.stack([encoder.replaced(entries) for encoder in self.encoders])
        for number, means in enumerate(self.target_means):
            values[number, self.folds[number].train] = means.training
        return values

    @cached_property
    def _coded(self) -> dict[int, int]:
        return coded_counts(self.read(EXPANDED).names, self.dataset.layout)

    @cached_property
    def ridges(self) -> list[RidgeFit]:
        """The ridge regression of each fold."""
        announce("measuring the spread of the errors in each fold")
        folds = [(self.training(number),) for number in range(len(self.folds))]
        return run_in_threads(lambda fold: fold.ridge, folds, self.jobs)

    @property
    def decay(self) -> np.ndarray:
        """The weight decay of the networks for λ = 1 in each fold, shape (folds,).

        How much weights should decay depends on the table: on its noise, and on the
        number of columns per row. The penalty of the fold's ridge regression, which is
        chosen by the leave-one-out error, measures both (Hoerl, Kennard and Baldwin,
        Ridge regression: some simulations, 1975). A network is not linear, so on the
        log scale its weight decay goes half of the way: it is in proportion to the
        square root of the penalty per row.
        """
        shares = [
            ridge.penalty / len(fold.train)
            for ridge, fold in zip(self.ridges, self.folds, strict=True)
        ]
        return np.asarray(_DECAY * np.sqrt(shares))

    @cached_property
    def unseen(self) -> np.ndarray:
        """The rows that each fold is not trained on, test rows included, [folds, n].

        A fold with fewer of them than others repeats its last one.
        """
        seen = np.zeros((len(self.folds), self.all_rows), dtype=bool)
        for number, fold in enumerate(self.folds):
            seen[number, fold.train] = True
        rows = [np.flatnonzero(~fold) for fold in seen]
        most = max(map(len, rows))
        return np.stack([np.pad(part, (0, most - len(part)), "edge") for part in rows])

    @property
    def sampled_rows(self) -> np.ndarray:
        """Evenly spaced training rows, all of a short table, shape (n,)."""
        number = min(self.rows, _MOST_SAMPLED)
        return np.linspace(0, self.rows - 1, number).astype(int)

    def training_gap(self, predicted: np.ndarray) -> Difference | None:
        """Return how much higher the score of rows is if they are not trained on.

        A model that errs as much on rows that it was trained on underfits. The losses
        of a row are paired: that of the fold that validates it, and the mean of the
        other folds, which are trained on it.

        Args:
            predicted: standardised, each of the sampled rows predicted by every fold,
                shape (folds, n).

        Returns:
            The difference, with its standard error; None if a prediction is not finite.
        """
        if not np.isfinite(predicted).all():
            return None
        metric, dataset, rows = self.metric, self.dataset, self.sampled_rows
        transformed = self.row_bounds.of_rows(rows).clip(self.scale.undo(predicted))
        losses = metric.losses(metric.undo(transformed), dataset.actual[rows])
        validates = self.fold_of[rows] == np.arange(len(self.folds))[:, None]
        trained = np.mean(losses, axis=0, where=~validates)
        others = losses[validates.argmax(0), np.arange(len(rows))]
        return paired_difference(trained, others, metric, dataset.groups_of(rows))

    def training(self, number: int) -> "TrainingFold":
        """Return the training rows of a fold."""
        return TrainingFold(self, number)


class TrainingFold(NamedTuple):
    """The training rows of one fold, in whatever form a model asks for."""

    data: FoldData
    number: int

    @property
    def rows(self) -> np.ndarray:
        """The row numbers, shape (n,)."""
        return self.data.folds[self.number].train

    @property
    def frame(self) -> pd.DataFrame:
        """The features, with raw words."""
        return self.data.dataset.train.iloc[self.rows]

    @property
    def layout(self) -> Layout:
        """How the features are encoded."""
        return self.data.dataset.layout

    @property
    def metric(self) -> Metric:
        """The metric that is minimised."""
        return self.data.metric

    @property
    def target(self) -> np.ndarray:
        """The standardised targets, shape (n,)."""
        return np.asarray(self.data.targets[self.number][self.rows])

    def read(self, view: View) -> np.ndarray:
        """Return the entries of a view, shape (n, columns)."""
        return np.asarray(self.data.read(view).entries[self.rows])

    @property
    def encoder(self) -> Encoder:
        """Medians, means and scales of the columns of the view EXPANDED."""
        with _ONCE:
            return self.data.encoders[self.number]

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield rows of the view EXPANDED, encoded, their targets and ones, in blocks.

        A block is in the memory of the one before.
        """
        matrix, rows, target = self.data.read(EXPANDED), self.rows, self.target
        means, columns = self.data.target_means[self.number].training, len(matrix.names)
        size = max(1, min(len(rows), _BLOCK_CELLS // (columns + 2)))
        memory = np.ones((size, columns + 2))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            entries = matrix.entries[rows[part], :columns]
            block = memory[: len(entries)]
            block[:, :-2] = self.encoder.transform(entries, means[part])
            block[:, -2] = target[part]
            yield block

    @property
    def ridge(self) -> RidgeFit:
        """The ridge regression of the rows. It is fitted once, whoever asks first."""
        fits = self.data._ridges
        if self.number not in fits:
            fits[self.number] = fit_ridge(self.blocks, self.metric)
        return fits[self.number]
