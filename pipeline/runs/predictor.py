"""Load the models of a run and predict targets with them.

Loading runs no code: safetensors files hold plain tensors, which are used only after
their names, types and shapes are checked against the run's record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from pipeline.ames.former import FORMER_COLUMNS
from pipeline.core.errors import UserError
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.settings import MLP
from pipeline.data.dataset import Layout
from pipeline.data.encoder import Encoder, Matrix, encoded_names
from pipeline.data.features import layout
from pipeline.data.table import Table
from pipeline.models import MODELS
from pipeline.models.ensemble import Ensemble, blend, predict_folds
from pipeline.models.model import Arrays
from pipeline.network.inference import predict, predict_rows
from pipeline.network.inputs import Inputs, pad_columns, padded_matrix
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.runs.record import RECORD, WEIGHTS, Run
from pipeline.runs.tables import run_table
from pipeline.validation.clipping import RowBounds, TargetBounds, places_of
from pipeline.validation.fold_data import TargetScale

_STACK = "stack."
_ENCODER = ("fill", "mean", "scale")
_SCALE = ("mean", "deviation")


@dataclass(frozen=True)
class Networks:
    """The networks of a run's best λ, and each fold's encoder.

    `stack` has folds × seeds networks, ordered by fold.
    """

    columns: list[str]
    layout: Layout
    stack: StackedMLP
    encoders: list[Encoder]

    @property
    def of_folds(self) -> list[StackedMLP]:
        """The networks of each fold, as views of the stack."""
        folds = len(self.encoders)
        seeds = len(self.stack.output) // folds
        return [self.stack[n * seeds : (n + 1) * seeds] for n in range(folds)]

    def predict(self, features: pd.DataFrame, scale: TargetScale) -> np.ndarray:
        """Return the transformed predictions of each fold, shape (folds, n_rows)."""
        inputs = Inputs.of(self._matrix(features), self.encoders, "cpu")
        folds = len(self.encoders)
        own = torch.arange(folds).repeat_interleave(len(self.stack.output) // folds)
        every = torch.arange(len(features)).expand(len(own), -1)
        (standardised,) = predict_rows([self.stack], inputs, own, every)
        transformed = scale.unstandardise(standardised, own.numpy())
        return np.asarray(transformed.reshape(folds, -1, len(features)).mean(axis=1))

    def _matrix(self, features: pd.DataFrame) -> Tensor:
        """Return the encoded columns that the networks read, padded."""
        names = encoded_names(features, self.layout)
        places = _places(self.columns, names)
        matrix = padded_matrix([features], self.layout)
        if places == list(range(len(names))):
            return matrix
        return pad_columns(matrix.numpy()[:, places])


@dataclass(frozen=True)
class Predictor:
    """The models of a run, and the statistics of each fold's rows.

    Attributes:
        networks: the MLP, if it is one of the models.
        models: the arrays of all other models, by name.
        columns: the columns that each of these reads.
        table: what is known of the rows.
        layout: how their features are encoded.
        scale: the mean and standard deviation of each fold's transformed targets.
        target_bounds: of each fold.
    """

    networks: Networks | None
    models: dict[str, Arrays]
    columns: dict[str, list[str]]
    table: Table
    layout: Layout
    scale: TargetScale
    target_bounds: list[TargetBounds]

    @classmethod
    def load(cls, run: Run) -> Self:
        """Load the models of a run.

        Raises:
            UserError: the weights are missing, truncated, or do not fit the record; or
                the run is a blend of runs.
        """
        path = run.folder / WEIGHTS
        if run.blended:
            raise UserError(
                f"{run.folder / RECORD}: a blend of runs has no weights of its own"
            )
        try:
            expected = _expected(run)
        except (TypeError, RuntimeError):  # a size that torch cannot hold
            raise UserError(
                f"{run.folder / RECORD}: no networks have these sizes; train again"
            ) from None
        tensors, table = _read(path, expected), run_table(run)
        own_layout = layout(table, run.own_columns)
        others = [name for name in run.models if name != MLP]
        return cls(
            networks=_networks(run, own_layout, tensors) if run.has_networks else None,
            models={name: _arrays(path, run, name, tensors) for name in others},
            columns=run.model_columns,
            table=table,
            layout=own_layout,
            scale=TargetScale(*(tensors[f"target.{name}"].numpy() for name in _SCALE)),
            target_bounds=[
                TargetBounds(each.floor, each.ceiling, each.highest)
                for each in run.target_bounds
            ],
        )

    @classmethod
    def of(cls, result: Ensemble, table: Table, own_layout: Layout) -> Self:
        """Return the models of a cross-validation that was not saved."""
        data, mlp = result.fold_data, result.mlp
        networks = None
        if mlp is not None:
            best = {
                name: torch.from_numpy(each[mlp.best])
                for name, each in mlp.trained.weights.items()
            }
            stack = StackedMLP.from_tensors(best)
            networks = Networks(data.columns, own_layout, stack, data.encoders)
        return cls(
            networks=networks,
            models={model.name: model.arrays for model in result.models},
            columns={model.name: model.columns for model in result.models},
            table=table,
            layout=own_layout,
            scale=data.scale,
            target_bounds=data.target_bounds,
        )

    @cached_property
    def unseen_columns(self) -> set[str]:
        """One-hot columns of categories that no training row has."""
        if self.networks is None:
            return set()
        scales = np.stack([encoder.scale for encoder in self.networks.encoders])
        unseen = np.isinf(scales).all(axis=0)
        names = zip(self.networks.columns, unseen, strict=True)
        return {name for name, no in names if no}

    @property
    def metric(self) -> Metric:
        """The metric of the run, which transforms the target."""
        return METRICS[self.table.schema.metric]

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the predicted targets, shape (n_rows,).

        They are equal to the last bit to the run's predictions for the same rows.

        Raises:
            UserError: the run was trained on other columns.
        """
        metric, places = self.metric, places_of(features, self.table.schema)
        bounds = RowBounds.of(self.target_bounds, places)
        by_fold = []
        if self.networks:
            by_fold.append(self.networks.predict(features, self.scale))
        for name, arrays in self.models.items():
            matrix = MODELS[name].read(features, self.layout)
            columns = matrix.entries[:, _places(self.columns[name], matrix.names)]
            scale = self.scale.centring(metric)
            own = predict_folds(MODELS[name], arrays, columns, scale)
            by_fold.append(own)
        clipped = [bounds.clip(each).mean(axis=0) for each in by_fold]
        return blend([metric.undo(each) for each in clipped], metric)

    def predict_by_fold(
        self, matrix: Matrix, places: pd.Series, fold: int
    ) -> np.ndarray:
        """Return what the networks of one fold predict, shape (n_rows,).

        Args:
            matrix: the encoded rows.
            places: the place of each row, for the target bounds.
            fold: the number of the fold.

        Raises:
            UserError: the run was trained on other columns, or has no networks.
        """
        networks = self.networks
        if networks is None:
            raise UserError("the run has no networks; train with --model mlp")
        entries = matrix.entries[:, _places(networks.columns, matrix.names)]
        inputs = Inputs.of(pad_columns(entries), [networks.encoders[fold]], "cpu")
        stack = networks.of_folds[fold]
        seeds = torch.zeros(len(stack.output), dtype=torch.long)
        every = torch.arange(len(matrix.entries))
        read = inputs.gather(seeds, every.expand(len(seeds), -1))
        standardised = predict(stack, read).double().mean(0).numpy()
        transformed = self.scale.unstandardise(standardised, fold)
        bounds = RowBounds.of([self.target_bounds[fold]], places)
        return self.metric.undo(bounds.clip(transformed)[0])


def _places(columns: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the place of each column among all names.

    Raises:
        UserError: a column is missing.
    """
    places = {name: place for place, name in enumerate(names)}
    wanted = [name if name in places else FORMER_COLUMNS.get(name) for name in columns]
    if not all(name in places for name in wanted):
        raise UserError("the run was trained on other columns than these; train again")
    return [places[str(name)] for name in wanted]


def _networks(run: Run, own_layout: Layout, tensors: Mapping[str, Tensor]) -> Networks:
    best = run.networks.index(run.best)
    statistics = [tensors[f"encoder.{name}"].numpy() for name in _ENCODER]
    weights = {
        name.removeprefix(_STACK): tensor[best]
        for name, tensor in tensors.items()
        if name.startswith(_STACK)
    }
    return Networks(
        columns=run.columns,
        layout=own_layout,
        stack=StackedMLP.from_tensors(weights),
        encoders=[Encoder(*each) for each in zip(*statistics, strict=True)],
    )


def _arrays(path: Path, run: Run, name: str, tensors: Mapping[str, Tensor]) -> Arrays:
    """Return the arrays of a model, checked for every fold and seed.

    Raises:
        UserError: they are not those of a fitted model of this run.
    """
    model, prefix = MODELS[name], f"{name}."
    arrays = {
        key.removeprefix(prefix): tensor.numpy()
        for key, tensor in tensors.items()
        if key.startswith(prefix)
    }
    shape = (run.settings.folds, run.settings.seeds)
    try:
        for array in arrays.values():
            if array.shape[:2] != shape:
                raise ValueError("not one model for each fold and seed")
        for fold, seed in np.ndindex(*shape):
            own = {key: each[fold, seed] for key, each in arrays.items()}
            model.check(own, len(run.model_columns[name]))
    except (ValueError, KeyError) as error:
        raise UserError(f"{path}: {name}: {error}; train again") from None
    return arrays


def _expected(run: Run) -> dict[str, Tensor]:
    """Return tensors of the shapes and types of the run's weights, without data.

    Those of the other models are checked by the models.
    """
    folds, candidates = run.settings.folds, len(run.networks)
    members, d_in = folds * run.settings.seeds, len(run.columns)
    with torch.device("meta"):  # needs no memory, whatever sizes the record names
        target = torch.zeros(folds, 1, dtype=torch.float64)
        expected = {f"target.{name}": target for name in _SCALE}
        if run.has_networks:
            stack = StackedMLP.zeros(members, d_in, run.settings.hidden).tensors()
            for name, tensor in stack.items():
                expected[_STACK + name] = tensor.expand(candidates, *tensor.shape)
            statistics = torch.zeros(folds, d_in, dtype=torch.float64)
            expected |= {f"encoder.{name}": statistics for name in _ENCODER}
    return expected


def _read(path: Path, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be read ({error}); train again") from None
    for name, like in expected.items():
        own = tensors.get(name)
        if own is None or (own.shape, own.dtype) != (like.shape, like.dtype):
            raise UserError(
                f"{path}: {name} is not {list(like.shape)} of {like.dtype}, "
                f"which {RECORD} asks for; train again"
            )
    return tensors
