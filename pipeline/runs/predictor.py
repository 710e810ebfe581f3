"""A run's networks, loaded again: they price any rows of features.

Opening the weights runs no code: safetensors holds plain tensors, and these are used
only once their names, types and shapes are what the run's record makes them.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.encoder import Encoder, Matrix, to_matrix
from pipeline.network.inputs import Inputs, pad_columns, padded_matrix
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.network.trainer import predict, predict_rows
from pipeline.runs.store import RECORD, WEIGHTS
from pipeline.validation.clipping import PriceBounds

_STACK = "stack."
_ENCODER = ("fill", "mean", "scale")


@dataclass(frozen=True)
class Predictor:
    """The networks of a run's best λ, and what each fold learned from its rows.

    Shapes: stack, M = folds × seeds networks, fold by fold; mean and deviation of the
    log price [folds].
    """

    columns: list[str]
    stack: StackedMLP
    encoders: list[Encoder]
    mean: np.ndarray
    deviation: np.ndarray
    limits: list[PriceBounds]

    @classmethod
    def load(cls, project: Project, record: dict[str, Any]) -> Self:
        """Read the networks of a run.

        Raises:
            UserError: the weights are missing, cut, or not those of the record.
        """
        folder = project.runs / record["run_id"]
        try:
            settings = _settings(record)
            place = record["settings"]["lambdas"].index(record["best_lambda"])
            columns = [str(name) for name in record["columns"]]
            limits = [PriceBounds(**each) for each in record["limits"]]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{folder / RECORD}: not as `pipeline train` writes it "
                f"({error!r}); train again"
            ) from None
        tensors = _read(folder / WEIGHTS, _expected(settings, len(columns)))
        statistics = [tensors[f"encoder.{name}"].numpy() for name in _ENCODER]
        return cls(
            columns=columns,
            stack=StackedMLP.from_tensors(
                {
                    name.removeprefix(_STACK): tensor[place]
                    for name, tensor in tensors.items()
                    if name.startswith(_STACK)
                }
            ),
            encoders=[Encoder(*each) for each in zip(*statistics, strict=True)],
            mean=tensors["target.mean"].numpy()[:, 0],
            deviation=tensors["target.deviation"].numpy()[:, 0],
            limits=limits,
        )

    @property
    def networks(self) -> list[StackedMLP]:
        """The networks of each fold; they share memory."""
        folds = len(self.encoders)
        seeds = len(self.stack.output) // folds
        return [self.stack[n * seeds : (n + 1) * seeds] for n in range(folds)]

    @cached_property
    def unmet(self) -> set[str]:
        """Columns of words that no fold's training rows have."""
        scales = np.stack([encoder.scale for encoder in self.encoders])
        never = np.isinf(scales).all(axis=0)
        return {name for name, none in zip(self.columns, never, strict=True) if none}

    def prices(self, features: pd.DataFrame) -> np.ndarray:
        """The price of each row by all folds, [rows], as the run priced its test rows.

        To the last bit: all networks are one stack here too.

        Raises:
            UserError: the run was trained on other columns.
        """
        self._check(to_matrix(features.head(1)).names)
        inputs = Inputs.of(padded_matrix([features]), self.encoders, "cpu")
        folds = len(self.encoders)
        own = torch.arange(folds).repeat_interleave(len(self.stack.output) // folds)
        every = torch.arange(len(features)).expand(len(own), -1)
        (standard,) = predict_rows([self.stack], inputs, own, every)
        log_price = standard * self.deviation[own, None] + self.mean[own, None]
        by_fold = log_price.reshape(folds, -1, len(features)).mean(axis=1)
        where = features["Neighborhood"]
        floor = np.array([[each.floor] for each in self.limits])
        ceiling = np.stack([each.ceiling_of(where) for each in self.limits])
        return np.asarray(np.exp(np.clip(by_fold, floor, ceiling).mean(axis=0)))

    def log_price(self, features: pd.DataFrame, fold: int) -> np.ndarray:
        """The log price that the networks of a fold predict, [rows].

        Raises:
            UserError: the run was trained on other columns.
        """
        return self.of_matrix(to_matrix(features), features["Neighborhood"], fold)

    def of_matrix(
        self, matrix: Matrix, neighbourhoods: pd.Series, fold: int
    ) -> np.ndarray:
        """The same from rows that are a matrix already.

        Raises:
            UserError: as `log_price`.
        """
        self._check(matrix.names)
        inputs = Inputs.of(pad_columns(matrix.entries), [self.encoders[fold]], "cpu")
        stack = self.networks[fold]
        seeds = torch.zeros(len(stack.output), dtype=torch.long)
        every = torch.arange(len(matrix.entries))
        read = inputs.gather(seeds, every.expand(len(seeds), -1))
        standard = predict(stack, read).double().mean(0).numpy()
        log_price = standard * self.deviation[fold] + self.mean[fold]
        limits = self.limits[fold]
        ceiling = limits.ceiling_of(neighbourhoods)
        return np.asarray(np.clip(log_price, limits.floor, ceiling))

    def _check(self, names: list[str]) -> None:
        if names != self.columns:
            raise UserError(
                "the run was trained on other columns than these; train again"
            )


def _settings(record: dict[str, Any]) -> Settings:
    """The settings of a record, whose tuples JSON made lists."""
    options: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in dict(record["settings"]).items()
    }
    return Settings(**options)


def _expected(settings: Settings, d_in: int) -> dict[str, Tensor]:
    """Tensors like those of a run of these settings, which hold nothing."""
    members, folds = settings.folds * settings.seeds, settings.folds
    with torch.device("meta"):  # a record may tell of any size
        stack = StackedMLP.zeros(members, d_in, settings.hidden).tensors()
        statistics = torch.zeros(folds, d_in, dtype=torch.float64)
        target = torch.zeros(folds, 1, dtype=torch.float64)
        blocks = len(settings.lambdas)
        return {
            **{_STACK + n: t.expand(blocks, *t.shape) for n, t in stack.items()},
            **{f"encoder.{name}": statistics for name in _ENCODER},
            **{f"target.{name}": target for name in ("mean", "deviation")},
        }


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
                f"as {RECORD} makes it; train again"
            )
    return {name: tensors[name] for name in expected}
