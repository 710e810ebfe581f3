"""Load the models of a run and predict targets with them.

Loading runs no code: safetensors files hold plain tensors, which are used only after
each model has checked their names, types and shapes against the run's record.

New rows are predicted by the models of all folds. A training row is predicted by the
models of the fold that validates it, with the weights that were fitted on the other
folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file

from pipeline.core.errors import UserError
from pipeline.core.files import check_regular
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.dataset import Layout
from pipeline.data.encoder import View
from pipeline.data.features import layout
from pipeline.data.table import Table
from pipeline.models import model_of
from pipeline.models.ensemble import Ensemble, blend
from pipeline.models.model import Arrays, Model
from pipeline.runs.integrity import run_changes
from pipeline.runs.record import OUT_OF_FOLD, RECORD, WEIGHTS, Run
from pipeline.runs.store import find_run
from pipeline.runs.tables import read_results, run_table
from pipeline.validation.clipping import RowBounds, TargetBounds, places_of
from pipeline.validation.fold_data import TargetScale

_SCALE = "target."  # the prefix of the means and deviations of each fold's targets
_ROUNDING = 1e-6  # of predictions in files, in their deviations, and more


class LoadedModel(NamedTuple):
    """A fitted model, the columns of its view that it was trained on, its weight."""

    model: Model
    arrays: Arrays
    columns: list[str]
    weight: float


@dataclass(frozen=True)
class Predictor:
    """The models of a run, and the statistics of each fold's targets.

    Attributes:
        models: all models of the run, with their weights in its blend.
        table: the schema of the rows, with its rules and built columns.
        layout: how their features are encoded.
        scale: the mean and standard deviation of each fold's transformed targets.
        target_bounds: of each fold.
    """

    models: list[LoadedModel]
    table: Table
    layout: Layout
    scale: TargetScale
    target_bounds: list[TargetBounds]

    @classmethod
    def load(cls, run: Run, table: Table | None = None) -> Self:
        """Load the models of a run.

        Args:
            run: the run.
            table: of the rows, with the user's own columns; by default without.

        Raises:
            UserError: The weights are missing, truncated, or do not fit the record; or
                the run is a blend of runs.
        """
        path = run.folder / WEIGHTS
        if run.blended:
            raise UserError(
                f"{run.folder / RECORD}: a blend of runs has no weights of its own"
            )
        tensors, table = _read(path), table or run_table(run)
        return cls(
            models=[_load_model(path, run, name, tensors) for name in run.models],
            table=table,
            layout=layout(table, run.own_columns, run.units),
            scale=_load_scale(path, run, tensors),
            target_bounds=[TargetBounds(**vars(fold)) for fold in run.target_bounds],
        )

    @classmethod
    def of(cls, result: Ensemble, table: Table) -> Self:
        """Return the models of a cross-validation that was not saved."""
        data = result.data
        models = []
        for member, weight in zip(result.members, result.weights, strict=True):
            model = model_of(member.name)
            if member.fitted:
                columns = data.read(model.view).names
                arrays = member.fitted.arrays[member.best]
                models.append(LoadedModel(model, arrays, columns, weight))
        return cls(models, table, data.dataset.layout, data.scale, data.target_bounds)

    @property
    def metric(self) -> Metric:
        """The metric of the run, which transforms the target."""
        return METRICS[self.table.schema.metric]

    @property
    def used(self) -> list[LoadedModel]:
        """The models that have a weight in the blend."""
        return [loaded for loaded in self.models if loaded.weight]

    @property
    def views(self) -> list[View]:
        """The views that the models read."""
        return list(dict.fromkeys(loaded.model.view for loaded in self.used))

    def read(self, features: pd.DataFrame) -> dict[str, np.ndarray]:
        """Return the entries that the models read, by the name of their view.

        Raises:
            UserError: The run was trained on other columns.
        """
        views = {loaded.model.view.name: loaded for loaded in self.used}
        return {name: self.read_for(each, features) for name, each in views.items()}

    def read_for(self, loaded: LoadedModel, features: pd.DataFrame) -> np.ndarray:
        """Return the entries that one model reads.

        Raises:
            UserError: The run was trained on other columns.
        """
        view, columns = loaded.model.view, loaded.columns
        found = view.of_columns(features, self.layout, columns)
        if found is None:
            raise UserError(
                "the run was trained on other columns than these; train again"
            )
        return found

    def positions(self, view: View, names: Sequence[str]) -> list[int]:
        """Return where columns of a view are among those that the models read."""
        columns = {loaded.model.view: loaded.columns for loaded in self.models}[view]
        index = {name: number for number, name in enumerate(columns)}
        return [index[name] for name in names]

    def of_fold(self, fold: int, weights: Sequence[float] | None = None) -> Self:
        """Return the models of one fold alone, with other weights if they are given."""
        part, models = slice(fold, fold + 1), []
        for number, loaded in enumerate(self.models):
            arrays = {name: array[part] for name, array in loaded.arrays.items()}
            weight = loaded.weight if weights is None else weights[number]
            models.append(loaded._replace(arrays=arrays, weight=weight))
        scale = TargetScale(*(each[part] for each in self.scale))
        bounds = self.target_bounds[part]
        return replace(self, models=models, scale=scale, target_bounds=bounds)

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the predicted targets, shape (n_rows,).

        They are equal to the last bit to the run's predictions for the same rows.

        Raises:
            UserError: The run was trained on other columns.
        """
        return self.metric.undo(self.transformed(features))

    def predict_by_fold(
        self, entries: Mapping[str, np.ndarray], places: pd.Series, fold: np.ndarray
    ) -> np.ndarray:
        """Return what the models of a fold predict for each row, shape (n_rows,).

        Args:
            entries: the rows, as `read` returns them.
            places: the place of each row, for the target bounds.
            fold: the number of the fold of each row, shape (n_rows,).
        """
        predicted = np.empty(len(fold))
        for number in np.unique(fold).tolist():
            own = np.flatnonzero(fold == number)
            rows = {view: encoded[own] for view, encoded in entries.items()}
            transformed = self.of_fold(number)._by_fold(rows, places.iloc[own])[0]
            predicted[own] = self.metric.undo(transformed)
        return predicted

    def transformed(
        self, features: pd.DataFrame, *, bounded: bool = True, exact: bool = True
    ) -> np.ndarray:
        """Return the transformed predictions, the mean over the folds: (n_rows,).

        Args:
            features: the rows.
            bounded: clip them to the target bounds.
            exact: compute them as the run did. Else they are equal up to rounding, and
                torch is not loaded.

        Raises:
            UserError: The run was trained on other columns.
        """
        entries, places = self.read(features), places_of(features, self.table.schema)
        found = self._by_fold(entries, places, bounded=bounded, exact=exact)
        return np.asarray(found.mean(axis=0))

    def _by_fold(
        self,
        entries: Mapping[str, np.ndarray],
        places: pd.Series,
        *,
        bounded: bool = True,
        exact: bool = True,
    ) -> np.ndarray:
        """Return the transformed predictions of the blend, shape (folds, n_rows)."""
        bounds, predictions = RowBounds.of(self.target_bounds, places), []
        for model, arrays, _, _ in self.used:
            predict = model.predict if exact else model.evaluate
            found = self.scale.undo(predict(arrays, entries[model.view.name]))
            predictions.append(
                bounds.clip(found) if bounded and model.bounded else found
            )
        return blend(predictions, [loaded.weight for loaded in self.used])


@dataclass(frozen=True)
class Weights:
    """The weights of the models of a run, or of the runs that it blends."""

    run: Run

    def of(self, fold: int | None) -> list[float]:
        """Return the weights in the order of the run; `fold` is None for new rows.

        Those of a single fold were fitted on the other folds, and no file has them. But
        they are what turns the models' predictions of its rows into those of the blend.
        Where models predict the same, the weights for new rows are kept.
        """
        names = self.run.models
        final = [self.run.weights[name] for name in names]
        if not self.run.is_blend or fold is None:
            return final
        rows = self._results[self._results["fold"] == fold]
        transform = METRICS[self.run.metric].transform
        models = np.stack([transform(rows[f"by {name}"].to_numpy()) for name in names])
        predicted = transform(rows["prediction"].to_numpy())
        # The weights sum to one, so changes to those of the others fix that of the
        # first.
        others, left = (models[1:] - models[0]).T, predicted - final @ models
        small = np.eye(others.shape[1]) * _ROUNDING * (np.std(predicted) or 1.0)
        terms = np.concatenate([others, small * np.sqrt(len(rows))])
        known = np.concatenate([left, np.zeros(len(small))])
        change = np.linalg.lstsq(terms, known, rcond=None)[0]
        weights = final + np.array([-change.sum(), *change])
        return [each if abs(each) > _ROUNDING else 0.0 for each in weights.tolist()]

    @cached_property
    def _results(self) -> pd.DataFrame:
        return read_results(self.run)


@dataclass(frozen=True)
class RunModels:
    """The models of a run; of a blend of runs, those of each of these runs."""

    weights: Weights
    parts: list[tuple[Predictor, Weights]]

    @classmethod
    def load(cls, project: Project, run: Run, table: Table) -> Self:
        """Load the models.

        Args:
            project: the project.
            run: the run.
            table: of the rows, with the user's own columns.

        Raises:
            UserError: The weights do not fit the record. Or a run that is blended is
                missing, has changed, or is a model of the user's own.
        """
        announce("loading the models")
        for name in run.blended or ():
            if f"{name}/{OUT_OF_FOLD}" in run.inputs:
                raise UserError(
                    f"{run.run_id}: blends the predictions of {name}, a model of your "
                    "own, which has none for other rows"
                )
        blended = [find_run(project, run_id) for run_id in run.blended or ()]
        for part in blended:
            for change in run_changes(part):
                raise UserError(change)
        runs = blended or [run]
        parts = [(Predictor.load(part, table), Weights(part)) for part in runs]
        return cls(Weights(run), parts)

    def predictors(self, fold: int | None = None) -> list[Predictor]:
        """Return what predicts the rows of a fold, or new rows: one for each run."""
        return [
            predictor if fold is None else predictor.of_fold(fold, weights.of(fold))
            for predictor, weights in self.parts
        ]

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the predicted targets of new rows, shape (n_rows,).

        Raises:
            UserError: The run was trained on other columns.
        """
        (first, _), *_ = self.parts
        return first.metric.undo(self.transformed(features))

    def transformed(
        self,
        features: pd.DataFrame,
        fold: int | None = None,
        *,
        bounded: bool = True,
        exact: bool = True,
    ) -> np.ndarray:
        """Return transformed predictions, shape (n_rows,).

        Args:
            features: the rows.
            fold: whose models predict them; None for the mean of all folds.
            bounded: clip them to the target bounds.
            exact: as of `Predictor.transformed`.

        Raises:
            UserError: The run was trained on other columns.
        """
        found = [
            predictor.transformed(features, bounded=bounded, exact=exact)
            for predictor in self.predictors(fold)
        ]
        if not self.weights.run.blended:
            return found[0]
        return blend(found, self.weights.of(fold))

    def alike(
        self, row: pd.DataFrame, others: pd.DataFrame, fold: int | None
    ) -> np.ndarray | None:
        """Return how alike rows are to one row, from 0 to 1, shape (n,).

        None if no model of the run tells.

        Args:
            row: the features of one row.
            others: those of training rows, with the target.
            fold: whose models tell; None for the mean of all folds.
        """
        found = []
        for predictor in self.predictors(fold):
            target = others[predictor.table.schema.target].to_numpy(float)
            targets = predictor.scale.standardise(predictor.metric.transform(target))
            for loaded in predictor.models:
                if loaded.model.tells_alike:
                    first = predictor.read_for(loaded, row)
                    second = predictor.read_for(loaded, others)
                    alike = loaded.model.alike(loaded.arrays, first, second, targets)
                    found.append(alike)
        return np.mean(found, axis=(0, 1)) if found else None


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        check_regular(path)
        return load_file(path)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path}: cannot be read ({error}); train again") from None


def _load_scale(path: Path, run: Run, tensors: Mapping[str, np.ndarray]) -> TargetScale:
    shape, names = (run.settings.folds, 1), [_SCALE + n for n in TargetScale._fields]
    for name in names:
        array = tensors.get(name)
        if array is None or array.shape != shape or array.dtype != "float64":
            raise UserError(
                f"{path}: {name} is not {list(shape)} of float64, which "
                f"{RECORD} asks for; train again"
            )
    return TargetScale(*(tensors[name] for name in names))


def _load_model(
    path: Path, run: Run, name: str, tensors: Mapping[str, np.ndarray]
) -> LoadedModel:
    """Return a model with its arrays, which it has checked.

    Raises:
        UserError: They are not those of a fitted model of this run.
    """
    model, prefix = model_of(name), f"{name}."
    arrays = {
        key.removeprefix(prefix): array
        for key, array in tensors.items()
        if key.startswith(prefix)
    }
    try:
        columns = run.columns[model.view.name]
        model.check(arrays, run.settings, len(columns))
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path}: {name}: {error}; train again") from None
    return LoadedModel(model, arrays, columns, run.weights[name])
