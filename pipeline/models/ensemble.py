"""Cross-validate the models of a run on the same folds, and blend their predictions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from joblib import Parallel, delayed

from pipeline.core.metrics import Metric
from pipeline.core.progress import announce
from pipeline.core.settings import MLP, Settings
from pipeline.data.dataset import Dataset
from pipeline.models import MODELS
from pipeline.models.model import Arrays, Model
from pipeline.validation.cross_validate import (
    CrossValidation,
    Predictions,
    Score,
    cross_validate,
    replicas_of,
    score_folds,
)
from pipeline.validation.fold_data import FoldData, TargetScale
from pipeline.validation.folds import dataset_folds, out_of_fold
from pipeline.validation.parallel import Callback, replica_seed


@dataclass(frozen=True)
class FittedModel:
    """A model that was fitted on every fold.

    Attributes:
        name: of the model.
        columns: the names of the columns that it reads.
        arrays: each of shape (folds, seeds, ...): all that predicts new rows.
        score: of the out-of-fold predictions.
        predictions: of the targets, in their own unit.
    """

    name: str
    columns: list[str]
    arrays: Arrays
    score: Score
    predictions: Predictions


@dataclass(frozen=True)
class Ensemble:
    """The models of a run, cross-validated on the same folds.

    Attributes:
        fold_data: the folds, and what was fitted on each.
        actual: the targets, shape (rows,).
        mlp: the networks, if the run has them.
        models: all other models.
        blended: the ids of the runs that the models are, in a blend of runs.
    """

    fold_data: FoldData
    actual: np.ndarray
    mlp: CrossValidation | None
    models: list[FittedModel]
    blended: list[str] | None = None

    @property
    def members(self) -> dict[str, Predictions]:
        """The predictions of each model; of the MLP, those of the best λ."""
        own = {MLP: self.mlp.predictions} if self.mlp else {}
        return own | {model.name: model.predictions for model in self.models}

    @property
    def predictions(self) -> Predictions:
        """The blend of all models."""
        return self._blend(list(self.members.values()))

    @property
    def candidates(self) -> list[Predictions]:
        """What the run would predict with each λ in place of the best one."""
        others = [model.predictions for model in self.models]
        if self.mlp is None:
            return [self.predictions]
        pairs = zip(self.mlp.out_of_fold, self.mlp.test, strict=True)
        fold_of = self.fold_data.fold_of
        own = [Predictions(fold_of, *pair) for pair in pairs]
        return [self._blend([each, *others]) for each in own]

    @property
    def score(self) -> Score:
        """The score of the blend, or of the only model."""
        scores = [self.mlp.scores[self.mlp.best]] if self.mlp else []
        scores += [model.score for model in self.models]
        if len(scores) == 1:
            return scores[0]
        seconds = sum(each.seconds for each in scores)
        predicted = self.predictions.out_of_fold
        data = self.fold_data
        return score_folds(predicted, self.actual, data.folds, seconds, data.metric)

    def _blend(self, members: Sequence[Predictions]) -> Predictions:
        return Predictions(
            self.fold_data.fold_of,
            blend([each.out_of_fold for each in members], self.fold_data.metric),
            blend([each.test for each in members], self.fold_data.metric),
        )


def blend(predicted: Sequence[np.ndarray], metric: Metric) -> np.ndarray:
    """Return the plain mean of several predictions; of their logs where these count.

    The weights are equal and not fitted: the mean of models that err differently errs
    less on new rows too, and weights would be one more thing chosen on these rows.
    """
    if len(predicted) == 1:
        return predicted[0]
    transformed = metric.transform(np.asarray(predicted))
    return metric.undo(np.mean(transformed, axis=0))


def cross_validate_models(
    dataset: Dataset, settings: Settings, callback: Callback, jobs: int
) -> Ensemble:
    """Cross-validate every model of the settings.

    Args:
        dataset: the training and the test rows.
        settings: the models and their hyperparameters.
        callback: called as training progresses.
        jobs: the number of parts that train in parallel.

    Raises:
        UserError: there are fewer rows than folds, or every λ diverged.
    """
    if MLP in settings.models:
        mlp = cross_validate(dataset, settings, callback, jobs)
        fold_data = mlp.fold_data
    else:
        folds = dataset_folds(dataset, settings)
        mlp, fold_data = None, FoldData.fit(dataset, folds, settings, jobs)
    models = [
        _fit_folds(name, dataset, fold_data, settings, callback, jobs)
        for name in settings.models
        if name != MLP
    ]
    actual = dataset.actual
    return Ensemble(fold_data, actual, mlp, models)


def _fit_folds(
    name: str,
    dataset: Dataset,
    fold_data: FoldData,
    settings: Settings,
    callback: Callback,
    jobs: int,
) -> FittedModel:
    """Fit a model on each fold and seed, and predict all rows."""
    begin = time.perf_counter()
    model = MODELS[name]
    frames = [frame for frame in (dataset.train, dataset.test) if len(frame)]
    matrices = [model.read(frame, dataset.layout) for frame in frames]
    columns = np.vstack([matrix.entries for matrix in matrices])
    metric, actual = fold_data.metric, dataset.actual
    scale = fold_data.scale.centring(metric)
    targets = scale.standardise(metric.transform(actual))
    loss = metric.loss.trees

    def fit(fold: int, seed: int) -> Arrays:
        rows = fold_data.folds[fold].train
        target = targets[fold][rows]
        step = partial(callback, 0, 1, [])
        return model.fit(columns[rows], target, seed, settings, step, loss)

    announce(f"training {name} on each fold")
    fitted = Parallel(n_jobs=jobs, backend="threading")(
        # CatBoost takes a seed of 31 bits.
        delayed(fit)(each.fold, replica_seed(settings.seed, each) % 2**31)
        for each in replicas_of(settings)
    )
    arrays = _stacked(fitted, settings)
    by_fold = fold_data.row_bounds.clip(predict_folds(model, arrays, columns, scale))
    predicted = metric.undo(out_of_fold(by_fold, fold_data.fold_of))
    tested = metric.undo(by_fold[:, len(actual) :].mean(axis=0))
    seconds = time.perf_counter() - begin
    return FittedModel(
        name,
        matrices[0].names,
        arrays,
        score_folds(predicted, actual, fold_data.folds, seconds, metric),
        Predictions(fold_data.fold_of, predicted, tested),
    )


def predict_folds(
    model: Model, arrays: Arrays, columns: np.ndarray, scale: TargetScale
) -> np.ndarray:
    """Return the transformed predictions of each fold, the mean of its seeds.

    Args:
        model: the model.
        arrays: each of shape (folds, seeds, ...).
        columns: what the model reads of the rows, shape (n_rows, n_columns).
        scale: what each fold's targets were standardised by, `TargetScale.centring`.

    Returns:
        Shape (folds, n_rows).
    """
    folds, seeds = next(iter(arrays.values())).shape[:2]
    centred = []
    for fold in range(folds):
        announce("predicting with the models of each fold", fold, folds)
        own = [{n: a[fold, seed] for n, a in arrays.items()} for seed in range(seeds)]
        centred.append([model.predict(each, columns) for each in own])
    return np.asarray(np.mean(centred, axis=1) * scale.deviation + scale.mean)


def _stacked(fitted: Sequence[Arrays], settings: Settings) -> Arrays:
    """Stack arrays of all folds and seeds: (folds, seeds, ...) each."""
    shape = (settings.folds, settings.seeds)
    stacked = {name: np.stack([each[name] for each in fitted]) for name in fitted[0]}
    return {n: array.reshape(*shape, *array.shape[1:]) for n, array in stacked.items()}
