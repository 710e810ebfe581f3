"""Cross-validate the models of a run on the same folds, and blend their predictions.

Nothing here knows which models these are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from threading import Lock
from time import perf_counter
from typing import NamedTuple

import numpy as np

from pipeline.core.numbers import score_text
from pipeline.core.progress import Callback, Reported, announce
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.models import model_of
from pipeline.models.model import Candidate, Fitted, Model
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import out_of_fold
from pipeline.validation.uncertainty import bias_corrected
from pipeline.validation.weights import blend_weights


class Score(NamedTuple):
    """The score of predictions: of each fold, their mean, and pooled over all rows.

    It is NaN where a model failed: for its fold, and for mean, std and pooled.
    """

    folds: list[float]
    mean: float
    std: float
    pooled: float


@dataclass(frozen=True)
class Predictions:
    """Transformed predictions; of several candidates with a first dimension.

    Shapes: out_of_fold [..., rows]; test [..., folds, test rows].
    """

    out_of_fold: np.ndarray
    test: np.ndarray

    def of(self, candidate: int) -> "Predictions":
        """Return those of one candidate."""
        return Predictions(self.out_of_fold[candidate], self.test[candidate])


@dataclass(frozen=True)
class Member:
    """A model that was fitted on every fold, or a finished run that is blended.

    Attributes:
        name: of the model, or the id of the run.
        candidates: that were compared.
        scores: of each candidate.
        predictions: of each candidate, clipped to the target bounds.
        seconds: that each candidate took.
        fitted: None for a finished run.
    """

    name: str
    candidates: list[Candidate]
    scores: list[Score]
    predictions: Predictions
    seconds: float
    fitted: Fitted | None = None

    @property
    def best(self) -> int:
        """The index of the candidate with the lowest pooled score."""
        return int(np.nanargmin([score.pooled for score in self.scores]))

    @property
    def chosen(self) -> Predictions:
        """The predictions of the best candidate."""
        return self.predictions.of(self.best)


@dataclass(frozen=True)
class Ensemble:
    """The members of a run on the same folds.

    Attributes:
        data: the folds, and what was fitted on each.
        members: one or more.
        blended: whether the members are finished runs.
    """

    data: FoldData
    members: list[Member]
    blended: bool = False

    @cached_property
    def weights(self) -> np.ndarray:
        """The weight of each member in the blend, fitted on all rows: (members,)."""
        chosen = [member.chosen.out_of_fold for member in self.members]
        return self._fitted_weights(np.stack(chosen))

    @cached_property
    def predictions(self) -> Predictions:
        """The blend of the best candidate of each member.

        Out of fold, the weights too come from the other folds, so that its score is
        that of a blend whose weights were fitted on other rows.
        """
        chosen = [member.chosen for member in self.members]
        return Predictions(
            self._nested([each.out_of_fold for each in chosen]),
            blend([each.test for each in chosen], self.weights),
        )

    @cached_property
    def score(self) -> Score:
        """The score of the blend, or of the only member."""
        return score_folds(self.predictions.out_of_fold, self.data)

    @property
    def seconds(self) -> float:
        """The seconds that all candidates took."""
        return sum(each.seconds * len(each.candidates) for each in self.members)

    def losses(self, transformed: np.ndarray) -> np.ndarray:
        """Return the losses of transformed out-of-fold predictions [..., rows]."""
        metric = self.data.metric
        return metric.losses(metric.undo(transformed), self.data.dataset.actual)

    def corrected(self) -> float | None:
        """Return the score without selection bias; None if nothing was selected.

        Each member is chosen by its own losses, so a combination of candidates by their
        sum; it is scored by the losses of its blend, whose weights are fitted for this
        combination, out of fold.
        """
        if all(len(each.candidates) == 1 for each in self.members):
            return None
        announce("correcting the score for the choice among candidates")
        compared, scored = [], []
        for combination in product(*map(self._finite, self.members)):
            parts, losses = zip(*combination, strict=True)
            compared.append(np.sum(losses, axis=0))
            scored.append(self.losses(self._nested(parts)))
        return bias_corrected(
            np.array(compared),
            np.array(scored),
            metric=self.data.metric,
            groups=self.data.dataset.groups,
        )

    def _finite(self, member: Member) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the out-of-fold predictions and losses of what did not fail."""
        finite = [n for n, each in enumerate(member.scores) if np.isfinite(each.pooled)]
        found = member.predictions.out_of_fold[finite]
        return [(each, self.losses(each)) for each in found]

    def _nested(self, out_of_fold: Sequence[np.ndarray]) -> np.ndarray:
        """Blend predictions [rows] on each fold with the weights of the others."""
        if len(out_of_fold) == 1:
            return out_of_fold[0]
        predicted = np.stack(out_of_fold)
        blended = np.empty(self.data.rows)
        for fold in self.data.folds:
            weights = self._fitted_weights(predicted, fold.train)
            blended[fold.valid] = blend(predicted[:, fold.valid], weights)
        return blended

    def _fitted_weights(
        self, out_of_fold: np.ndarray, rows: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """Fit the weights of predictions [models, all rows] on some rows."""
        metric, dataset = self.data.metric, self.data.dataset
        errors = out_of_fold - metric.transform(dataset.actual)
        return blend_weights(errors[:, rows], metric, dataset.groups_of(rows))


def blend(predictions: Iterable[np.ndarray], weights: Iterable[float]) -> np.ndarray:
    """Return the weighted sum of the transformed predictions of several models."""
    parts = (w * each for w, each in zip(weights, predictions, strict=True) if w)
    return np.asarray(sum(parts))


def score_folds(transformed: np.ndarray, data: FoldData) -> Score:
    """Score transformed out-of-fold predictions [rows] on each fold and on all rows."""
    metric, actual = data.metric, data.dataset.actual
    predicted = metric.undo(transformed)
    folds = [metric.score(predicted[f.valid], actual[f.valid]) for f in data.folds]
    mean, std = float(np.mean(folds)), float(np.std(folds, ddof=1))
    return Score(folds, mean, std, metric.score(predicted, actual))


def cross_validate_models(
    dataset: Dataset, settings: Settings, callback: Callback, jobs: int
) -> Ensemble:
    """Cross-validate every model of the settings.

    Args:
        dataset: the training and the test rows.
        settings: the models and their hyperparameters.
        callback: called with the share of the work that is done since the last call.
        jobs: the number of threads.

    Raises:
        UserError: There are fewer rows than folds, or every candidate of a model
            failed.
    """
    data = FoldData.fit(dataset, settings, jobs)
    return cross_validate(data, list(map(model_of, settings.models)), callback, jobs)


def cross_validate(
    data: FoldData, models: Sequence[Model], callback: Callback, jobs: int
) -> Ensemble:
    """Cross-validate models on given folds; see `cross_validate_models`."""
    settings = data.settings
    seconds = []
    for model in models:
        columns = len(data.read(model.view).names)
        model.check_memory(settings, columns)
        seconds.append(model.seconds(settings, data.rows, columns))
    members: dict[Model, Member] = {}
    for model, own_seconds in sorted(
        zip(models, seconds, strict=True), key=lambda pair: not pair[0].is_first
    ):
        progress = _ModelProgress(callback, own_seconds / sum(seconds), own_seconds)
        members[model] = member = _fit(model, data, progress, jobs)
        score = score_text(member.scores[member.best].pooled)
        progress.finish(f"{data.metric.title} of {model.name} {score}")
    return Ensemble(data, [members[model] for model in models])


class _ModelProgress:
    """Turns the seconds of a model's work into shares of the work of all models.

    Whatever a model has not reported at its end is reported then, so that the shares
    of all models are 1.
    """

    def __init__(self, callback: Callback, share: float, seconds: float) -> None:
        self._callback, self._left = callback, share
        self._per_second = share / (seconds or 1.0)
        self._lock = Lock()  # models train in threads

    def step(self, seconds: float, note: str) -> None:
        with self._lock:
            share = min(self._left, seconds * self._per_second)
            self._left -= share
        self._callback(share, note)

    def finish(self, note: str) -> None:
        self._callback(self._left, note)


def _fit(model: Model, data: FoldData, progress: _ModelProgress, jobs: int) -> Member:
    """Fit a model on all folds; undo the scale of its targets, clip and score."""
    begin = perf_counter()
    fitted = model.fit(data, data.settings, Reported(progress.step), jobs)
    transformed = data.scale.undo(fitted.predicted)
    if model.bounded:
        transformed = data.row_bounds.clip(transformed)
    predictions = Predictions(
        out_of_fold(transformed, data.fold_of), transformed[..., data.rows :]
    )
    candidates = model.candidates(data.settings)
    return Member(
        name=model.name,
        candidates=candidates,
        scores=[score_folds(each, data) for each in predictions.out_of_fold],
        predictions=predictions,
        seconds=(perf_counter() - begin) / len(candidates),
        fitted=fitted,
    )
