"""Load the networks of a run and predict prices with them.

Loading runs no code: safetensors files hold plain tensors, which are used only after
their names, types and shapes are checked against the run's record.
"""

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

from pipeline.core.errors import UserError
from pipeline.data.encoder import Encoder, Matrix, to_matrix
from pipeline.data.schema import LOCATION
from pipeline.network.inference import predict, predict_rows
from pipeline.network.inputs import Inputs, pad_columns, padded_matrix
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.runs.record import RECORD, WEIGHTS, Run
from pipeline.validation.clipping import PriceBounds, RowBounds
from pipeline.validation.fold_data import TargetScale

_STACK = "stack."
_ENCODER = ("fill", "mean", "scale")
_SCALE = ("mean", "deviation")


@dataclass(frozen=True)
class Predictor:
    """The networks of a run's best λ, and the statistics of each fold's rows.

    `stack` has folds × seeds networks, ordered by fold.
    """

    columns: list[str]
    stack: StackedMLP
    encoders: list[Encoder]
    scale: TargetScale
    price_bounds: list[PriceBounds]

    @classmethod
    def load(cls, run: Run) -> Self:
        """Load the networks of a run.

        Raises:
            UserError: the weights are missing, truncated, or do not fit the record.
        """
        try:
            expected = _expected(run)
        except (TypeError, RuntimeError):  # a size that torch cannot hold
            raise UserError(
                f"{run.folder / RECORD}: no networks have these sizes; train again"
            ) from None
        tensors = _read(run.folder / WEIGHTS, expected)
        statistics = [tensors[f"encoder.{name}"].numpy() for name in _ENCODER]
        best = run.scores.index(run.best)
        return cls(
            columns=run.columns,
            stack=StackedMLP.from_tensors(
                {
                    name.removeprefix(_STACK): tensor[best]
                    for name, tensor in tensors.items()
                    if name.startswith(_STACK)
                }
            ),
            encoders=[Encoder(*each) for each in zip(*statistics, strict=True)],
            scale=TargetScale(*(tensors[f"target.{name}"].numpy() for name in _SCALE)),
            price_bounds=[
                PriceBounds(each.floor, each.ceiling, each.highest)
                for each in run.price_bounds
            ],
        )

    @property
    def networks(self) -> list[StackedMLP]:
        """The networks of each fold, as views of the stack."""
        folds = len(self.encoders)
        seeds = len(self.stack.output) // folds
        return [self.stack[n * seeds : (n + 1) * seeds] for n in range(folds)]

    @cached_property
    def unseen_columns(self) -> set[str]:
        """One-hot columns of categories that no training row has."""
        scales = np.stack([encoder.scale for encoder in self.encoders])
        unseen = np.isinf(scales).all(axis=0)
        return {name for name, no in zip(self.columns, unseen, strict=True) if no}

    def prices(self, features: pd.DataFrame) -> np.ndarray:
        """Return the predicted prices, in dollars, shape [rows].

        They are equal to the last bit to the run's predictions for the same rows, since
        all networks are one stack here too.

        Raises:
            UserError: the run was trained on other columns.
        """
        self._check(to_matrix(features.head(1)).names)
        inputs = Inputs.of(padded_matrix([features]), self.encoders, "cpu")
        folds = len(self.encoders)
        own = torch.arange(folds).repeat_interleave(len(self.stack.output) // folds)
        every = torch.arange(len(features)).expand(len(own), -1)
        (standardised,) = predict_rows([self.stack], inputs, own, every)
        log_price = self.scale.to_log_price(standardised, own.numpy())
        by_fold = log_price.reshape(folds, -1, len(features)).mean(axis=1)
        bounds = RowBounds.of(self.price_bounds, features[LOCATION])
        return np.asarray(np.exp(bounds.clip(by_fold).mean(axis=0)))

    def log_price(self, features: pd.DataFrame, fold: int) -> np.ndarray:
        """Return the log prices that the networks of a fold predict, shape [rows].

        Raises:
            UserError: the run was trained on other columns.
        """
        return self.log_price_of_matrix(to_matrix(features), features[LOCATION], fold)

    def log_price_of_matrix(
        self, matrix: Matrix, neighbourhoods: pd.Series, fold: int
    ) -> np.ndarray:
        """Return the same as `log_price` from rows that are a matrix already.

        Raises:
            UserError: as `log_price`.
        """
        self._check(matrix.names)
        inputs = Inputs.of(pad_columns(matrix.entries), [self.encoders[fold]], "cpu")
        stack = self.networks[fold]
        seeds = torch.zeros(len(stack.output), dtype=torch.long)
        every = torch.arange(len(matrix.entries))
        read = inputs.gather(seeds, every.expand(len(seeds), -1))
        standardised = predict(stack, read).double().mean(0).numpy()
        log_price = self.scale.to_log_price(standardised, fold)
        bounds = RowBounds.of([self.price_bounds[fold]], neighbourhoods)
        return np.asarray(bounds.clip(log_price)[0])

    def _check(self, names: list[str]) -> None:
        if names != self.columns:
            raise UserError(
                "the run was trained on other columns than these; train again"
            )


def _expected(run: Run) -> dict[str, Tensor]:
    """Return tensors of the shapes and types of the run's weights, without data."""
    folds, candidates = run.settings.folds, len(run.scores)
    members, d_in = folds * run.settings.seeds, len(run.columns)
    with torch.device("meta"):  # needs no memory, whatever sizes the record names
        stack = StackedMLP.zeros(members, d_in, run.settings.hidden).tensors()
        statistics = torch.zeros(folds, d_in, dtype=torch.float64)
        target = torch.zeros(folds, 1, dtype=torch.float64)
        return {
            **{_STACK + n: t.expand(candidates, *t.shape) for n, t in stack.items()},
            **{f"encoder.{name}": statistics for name in _ENCODER},
            **{f"target.{name}": target for name in _SCALE},
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
                f"which {RECORD} asks for; train again"
            )
    return {name: tensors[name] for name in expected}
