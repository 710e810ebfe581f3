"""Cross-validate the models of a run on the same folds, and blend their predictions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from pipeline.core.progress import announce
from pipeline.core.settings import MLP, Settings
from pipeline.data.schema import TARGET
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
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import make_folds, out_of_fold
from pipeline.validation.parallel import Callback, replica_seed


@dataclass(frozen=True)
class FittedModel:
    """A model that was fitted on every fold.

    Attributes:
        name: of the model.
        columns: the names of the columns that it reads.
        arrays: each of shape (folds, seeds, ...): all that predicts new rows.
        score: of the out-of-fold predictions.
        predictions: in dollars.
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
        price: shape (rows,), in dollars.
        mlp: the networks, if the run has them.
        models: all other models.
        blended: the ids of the runs that the models are, in a blend of runs.
    """

    fold_data: FoldData
    price: np.ndarray
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
        return score_folds(predicted, self.price, self.fold_data.folds, seconds)

    def _blend(self, members: Sequence[Predictions]) -> Predictions:
        return Predictions(
            self.fold_data.fold_of,
            blend([each.out_of_fold for each in members]),
            blend([each.test for each in members]),
        )


def blend(prices: Sequence[np.ndarray]) -> np.ndarray:
    """Return the plain mean in log price of several predictions, in dollars.

    The weights are equal and not fitted: the mean of models that err differently errs
    less on new houses too, and weights would be one more thing chosen on these rows.
    """
    if len(prices) == 1:
        return prices[0]
    return np.asarray(np.exp(np.mean(np.log(prices), axis=0)))


def cross_validate_models(
    train: pd.DataFrame,
    test: pd.DataFrame,
    settings: Settings,
    callback: Callback,
    jobs: int,
) -> Ensemble:
    """Cross-validate every model of the settings.

    Args:
        train: feature frame with prices.
        test: feature frame.
        settings: the models and their hyperparameters.
        callback: called as training progresses.
        jobs: the number of parts that train in parallel.

    Raises:
        UserError: there are fewer rows than folds, or every λ diverged.
    """
    if MLP in settings.models:
        mlp = cross_validate(train, test, settings, callback, jobs)
        fold_data = mlp.fold_data
    else:
        folds = make_folds(len(train), settings.folds, settings.seed)
        mlp, fold_data = None, FoldData.fit(train, test, folds, settings, jobs)
    models = [
        _fit_folds(name, train, test, fold_data, settings, callback, jobs)
        for name in settings.models
        if name != MLP
    ]
    return Ensemble(fold_data, train[TARGET].to_numpy(), mlp, models)


def _fit_folds(
    name: str,
    train: pd.DataFrame,
    test: pd.DataFrame,
    fold_data: FoldData,
    settings: Settings,
    callback: Callback,
    jobs: int,
) -> FittedModel:
    """Fit a model on each fold and seed, and predict all rows."""
    begin = time.perf_counter()
    model = MODELS[name]
    matrices = [model.read(frame) for frame in (train, test) if len(frame)]
    columns = np.vstack([matrix.entries for matrix in matrices])
    price = train[TARGET].to_numpy()
    log_price = np.log(price.astype(float))

    def fit(fold: int, seed: int) -> Arrays:
        rows = fold_data.folds[fold].train
        target = log_price[rows] - fold_data.scale.mean[fold]
        step = partial(callback, 0, 1, [])
        return model.fit(columns[rows], target, seed, settings, step)

    announce(f"training {name} on each fold")
    fitted = Parallel(n_jobs=jobs, backend="threading")(
        # CatBoost takes a seed of 31 bits.
        delayed(fit)(each.fold, replica_seed(settings.seed, each) % 2**31)
        for each in replicas_of(settings)
    )
    arrays = _stacked(fitted, settings)
    by_fold = fold_data.row_bounds.clip(
        predict_folds(model, arrays, columns, fold_data.scale.mean)
    )
    predicted = np.exp(out_of_fold(by_fold, fold_data.fold_of))
    tested = np.exp(by_fold[:, len(train) :].mean(axis=0))
    seconds = time.perf_counter() - begin
    return FittedModel(
        name,
        matrices[0].names,
        arrays,
        score_folds(predicted, price, fold_data.folds, seconds),
        Predictions(fold_data.fold_of, predicted, tested),
    )


def predict_folds(
    model: Model, arrays: Arrays, columns: np.ndarray, mean: np.ndarray
) -> np.ndarray:
    """Return the log prices of rows by each fold, the mean of its seeds.

    Args:
        model: the model.
        arrays: each of shape (folds, seeds, ...).
        columns: what the model reads of the rows, shape (n_rows, n_columns).
        mean: the mean log price of each fold, shape (folds, 1).

    Returns:
        Shape (folds, n_rows).
    """
    folds, seeds = next(iter(arrays.values())).shape[:2]
    centred = []
    for fold in range(folds):
        announce("predicting with the models of each fold", fold, folds)
        own = [{n: a[fold, seed] for n, a in arrays.items()} for seed in range(seeds)]
        centred.append([model.predict(each, columns) for each in own])
    return np.asarray(np.mean(centred, axis=1) + mean)


def _stacked(fitted: Sequence[Arrays], settings: Settings) -> Arrays:
    """Stack arrays of all folds and seeds: (folds, seeds, ...) each."""
    shape = (settings.folds, settings.seeds)
    stacked = {name: np.stack([each[name] for each in fitted]) for name in fitted[0]}
    return {n: array.reshape(*shape, *array.shape[1:]) for n, array in stacked.items()}
