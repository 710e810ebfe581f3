"""What a model is. The rest of the pipeline does not know which model it handles.

A model is fitted on every fold, for each of its candidates. It predicts standardised
targets; their scale, bounds, blend and score are not its concern. A fitted model is a
dict of plain arrays, so that all models are saved alike, as tensors, and a run folder
holds nothing that could run code.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.progress import announce
from pipeline.core.settings import Settings
from pipeline.core.threads import run_in_threads
from pipeline.data.encoder import View
from pipeline.network.seeds import replica_seed
from pipeline.validation.fold_data import FoldData, TrainingFold
from pipeline.validation.uncertainty import Difference

Arrays = Mapping[str, np.ndarray]

Step = Callable[[float, str], None]
"""Called when seconds of a model's work are done, as `Model.seconds` counts them, with
a note for the progress."""


class Candidate(NamedTuple):
    """A setting of a model that is compared with others on the same folds.

    Attributes:
        value: of the setting; None for a model with a single candidate.
        label: as tables and sentences have it, such as λ = 1.
    """

    value: float | None = None
    label: str = ""


class Failure(NamedTuple):
    """A replica without predictions, and when it failed; its fold counts from 0."""

    candidate: int
    fold: int
    seed: int
    epoch: int


@dataclass(frozen=True)
class Fitted:
    """A model that was fitted on all folds, with all seeds and candidates.

    Attributes:
        predicted: shape (candidates, folds, rows + test rows), standardised, the mean
            over the seeds. It is NaN for rows that a fold was trained on, and for a
            fold whose replica failed.
        arrays: what predicts other rows, for each candidate: each array has the shape
            (folds, seeds, ...). Empty for a model that predicts its own rows only.
        failures: the replicas that failed.
        history: the learning curves, if there are any.
        gaps: how much higher the score of each candidate is on rows that it was not
            trained on, if this was computed; None where it failed.
        accuracy: of a classifier, the share of validated rows in the right class.
    """

    predicted: np.ndarray
    arrays: Sequence[Arrays]
    failures: Sequence[Failure] = ()
    history: pd.DataFrame | None = None
    gaps: Sequence[Difference | None] = ()
    accuracy: float | None = None


class Model(ABC):
    """A model.

    Attributes:
        name: in options, tables and files.
        view: what it reads of the features.
        packages: the distributions whose versions its numbers depend on.
        bounded: whether its predictions are clipped to the target bounds.
        tells_alike: whether it has `alike`.
        is_first: whether others read what it fits, so that its time is its own only if
            it is fitted before them.
    """

    name: str
    view: View
    packages: tuple[str, ...] = ()
    bounded = True
    tells_alike = False
    is_first = False

    def candidates(self, settings: Settings) -> list[Candidate]:
        """Return the candidates that are fitted and compared."""
        return [Candidate()]

    @abstractmethod
    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return about how long `fit` takes; only ratios between models count.

        Args:
            settings: the settings.
            rows: the number of training rows.
            columns: the number of columns of its view.
        """

    def check_memory(self, settings: Settings, columns: int) -> None:  # noqa: B027
        """Refuse, before any model is fitted, what does not fit into memory.

        Args:
            settings: the settings.
            columns: the number of columns of its view.

        Raises:
            UserError: The machine has too little memory.
        """

    @abstractmethod
    def fit(self, data: FoldData, settings: Settings, step: Step, jobs: int) -> Fitted:
        """Fit every candidate on every fold, and predict all other rows.

        Args:
            data: the folds.
            settings: the hyperparameters.
            step: called as seconds of the work are done.
            jobs: the number of threads.

        Raises:
            UserError: Every candidate failed.
        """

    def predict(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return standardised predictions, the mean over the seeds: (folds, n).

        Args:
            arrays: of a candidate, for any number of folds: (folds, seeds, ...).
            entries: the rows as its view reads them, shape (n, columns).
        """
        raise NotImplementedError(f"{self.name} predicts its own rows only")

    def evaluate(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return what `predict` does, up to rounding, without loading torch."""
        return self.predict(arrays, entries)

    def alike(
        self, arrays: Arrays, row: np.ndarray, entries: np.ndarray, targets: np.ndarray
    ) -> np.ndarray:
        """Return how alike rows are to one row, from 0 to 1: (folds, n).

        Args:
            arrays: of a candidate, for any number of folds: (folds, seeds, ...).
            row: as its view reads it, shape (1, columns).
            entries: the other rows, shape (n, columns).
            targets: theirs, standardised by each fold, shape (folds, n).
        """
        raise NotImplementedError(f"{self.name} does not tell which rows are alike")

    def check(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check that the arrays are those of this model: a run may be a stranger's.

        Args:
            arrays: of a candidate.
            settings: the settings of the run.
            columns: the number of columns that the run has recorded for the view.

        Raises:
            ValueError, KeyError, TypeError, RuntimeError: They are not.
        """
        raise NotImplementedError(f"{self.name} predicts its own rows only")


class FoldModel(Model):
    """A model that is fitted on one fold with one seed at a time.

    With `fit_fold` and `predict_fold` it is a pair of functions like scikit-learn's fit
    and predict; all folds and seeds, in threads, are taken care of here.
    """

    has_seeds = True

    @abstractmethod
    def fit_fold(
        self, fold: TrainingFold, seed: int, settings: Settings, step: Step
    ) -> Arrays:
        """Fit on the training rows of a fold, and return what predicts others."""

    @abstractmethod
    def predict_fold(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return the standardised predictions of rows as the view reads them."""

    @abstractmethod
    def check_fold(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check the arrays of one fold and seed, as `check` does."""

    def fit(self, data: FoldData, settings: Settings, step: Step, jobs: int) -> Fitted:
        """Fit each fold and seed, and predict all rows that are not trained on."""
        seeds = settings.seeds if self.has_seeds else 1
        entries = data.read(self.view).entries
        announce(f"training {self.name} on each fold")

        def fit(data: FoldData, fold: int, seed: int) -> Arrays:
            random_seed = replica_seed(settings.seed, (fold, seed))
            return self.fit_fold(data.training(fold), random_seed, settings, step)

        replicas = [(data, *each) for each in np.ndindex(settings.folds, seeds)]
        fitted = run_in_threads(fit, replicas, jobs, movable=True)
        arrays = _stacked(fitted, settings.folds, seeds)
        predicted = np.full((settings.folds, data.all_rows), np.nan)
        for fold, unseen in enumerate(data.unseen):
            of_fold = {name: each[fold : fold + 1] for name, each in arrays.items()}
            predicted[fold, unseen] = self.predict(of_fold, entries[unseen])[0]
        return Fitted(predicted[None], [arrays])

    def predict(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return the mean over the seeds of each fold, shape (folds, n)."""
        folds, seeds = next(iter(arrays.values())).shape[:2]
        predicted = np.zeros((folds, len(entries)))
        for fold, seed in np.ndindex(folds, seeds):
            if folds > 1:
                announce("predicting with the models of each fold", fold, folds)
            part = {name: each[fold, seed] for name, each in arrays.items()}
            predicted[fold] += self.predict_fold(part, entries)
        return np.asarray(predicted / seeds)

    def check(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check the arrays of each fold and seed."""
        shape = (settings.folds, settings.seeds if self.has_seeds else 1)
        if not arrays or any(each.shape[:2] != shape for each in arrays.values()):
            raise ValueError("not one model for each fold and seed")
        for fold, seed in np.ndindex(*shape):
            part = {name: each[fold, seed] for name, each in arrays.items()}
            self.check_fold(part, settings, columns)


def _stacked(fitted: Sequence[Arrays], folds: int, seeds: int) -> Arrays:
    """Stack the arrays of all folds and seeds: (folds, seeds, ...) each."""
    stacked = {name: np.stack([each[name] for each in fitted]) for name in fitted[0]}
    return {
        n: each.reshape(folds, seeds, *each.shape[1:]) for n, each in stacked.items()
    }
