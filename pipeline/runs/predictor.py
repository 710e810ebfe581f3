"""Load the models of a run and predict targets with them.

Loading runs no code: safetensors files hold plain tensors, which are used only after
each model has checked their names, types and shapes against the run's record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file

from pipeline.core.errors import UserError
from pipeline.core.files import check_regular
from pipeline.core.metrics import METRICS, Metric
from pipeline.data.dataset import Layout
from pipeline.data.encoder import View
from pipeline.data.features import layout
from pipeline.data.table import Table
from pipeline.models import model_of
from pipeline.models.ensemble import Ensemble, blend
from pipeline.models.model import Arrays, Model
from pipeline.runs.record import RECORD, WEIGHTS, Run
from pipeline.runs.tables import run_table
from pipeline.validation.clipping import RowBounds, TargetBounds, places_of
from pipeline.validation.fold_data import TargetScale

_SCALE = "target."  # the prefix of the means and deviations of each fold's targets


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
    def load(cls, run: Run) -> Self:
        """Load the models of a run.

        Raises:
            UserError: The weights are missing, truncated, or do not fit the record; or
                the run is a blend of runs.
        """
        path = run.folder / WEIGHTS
        if run.blended:
            raise UserError(
                f"{run.folder / RECORD}: a blend of runs has no weights of its own"
            )
        tensors, table = _read(path), run_table(run)
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

    def of_fold(self, fold: int) -> Self:
        """Return the models of one fold alone."""
        part = slice(fold, fold + 1)
        models = [
            each._replace(arrays={n: array[part] for n, array in each.arrays.items()})
            for each in self.models
        ]
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
        self, entries: Mapping[str, np.ndarray], places: pd.Series, fold: int
    ) -> np.ndarray:
        """Return what the models of one fold predict, shape (n_rows,).

        Args:
            entries: the rows, as `read` returns them.
            places: the place of each row, for the target bounds.
            fold: the number of the fold.
        """
        return self.metric.undo(self.of_fold(fold)._by_fold(entries, places)[0])

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
