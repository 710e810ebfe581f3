"""The engine as a regressor with scikit-learn's conventions, for any table of numbers.

Training is that of `pipeline train`: see `pipeline.network.trainer.Trainer`.
"""

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from pipeline.network.batches import Rows
from pipeline.network.inputs import Inputs, pad_columns
from pipeline.network.sample_weight import checked_weights, distinct_rows
from pipeline.network.threads import one_thread
from pipeline.network.trainer import Candidate, Trainer, predict

_AUTO_BATCH = 128  # rows at most, where batch_size is "auto"
_AUTO_BATCHES = 8  # an epoch, at least
_LARGEST_SEED = 2**31 - 1
_BLOCK_ROWS = 4096  # rows predicted at a time
_NUMBER = Interval(Integral, 1, None, closed="left")


class StackedMLPRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A few wide & deep networks, trained as one stack and averaged.

    Half of a prediction is linear, which suits many columns and few rows. A target that
    bends sharply in few columns is better left to `MLPRegressor`. Unlike that one, it
    standardises columns and target itself.

    Rows equal in every column and in the target are one row, of their summed weight. So
    a row of weight 2 is that row twice, exactly, one of weight 0 is none, and the order
    of rows does not matter. Unknown cells, sparse columns and several targets are
    refused. Training keeps to one thread: leave `n_jobs` to what fits many of these.

    Args:
        hidden_layer_sizes: widths of the deep head's layers.
        weight_decay: decoupled, on weights and not on biases. `pipeline train` has 5,
            at a learning_rate of 0.001; that suits its columns, and few others.
        learning_rate: AdamW's; it rises to this, then falls to 0 along a cosine.
        dropout: the chance of a hidden unit to be left out of a step.
        delta: the error at which Huber's loss turns from squared to absolute, in
            standard deviations of the target.
        standardize: False leaves the columns as a step before has scaled them.
        epochs: passes over the rows.
        batch_size: rows a step; "auto" is an eighth of the rows, but at most 128.
        seeds: networks, which differ in initial weights, batches and dropout.
        random_state: where the seeds are drawn from.

    Attributes:
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.
        n_iter_: epochs done.
        rmse_curve_: root mean squared error of each network in each epoch, on the way
            and so with dropout, in the target's unit, [epochs, seeds].
        scaler_, target_mean_, target_scale_: of standardisation.
        stack_: the networks.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", _NUMBER],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "delta": [Interval(Real, 0, None, closed="neither")],
        "standardize": ["boolean"],
        "epochs": [_NUMBER],
        "batch_size": [_NUMBER, StrOptions({"auto"})],
        "seeds": [_NUMBER],
        "random_state": ["random_state"],
    }

    def __init__(  # noqa: PLR0913 - scikit-learn takes settings as parameters
        self,
        *,
        hidden_layer_sizes: ArrayLike = (64,),
        weight_decay: float = 0.3,
        learning_rate: float = 5e-3,
        dropout: float = 0.2,
        delta: float = 1.0,
        standardize: bool = True,
        epochs: int = 40,
        batch_size: int | Literal["auto"] = "auto",
        seeds: int = 2,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.delta = delta
        self.standardize = standardize
        self.epochs = epochs
        self.batch_size = batch_size
        self.seeds = seeds
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train on X [rows, columns] and y [rows]; sample_weight [rows] or none.

        Raises:
            ValueError: a parameter or the data cannot be used, or training diverged.
        """
        self._validate_params()
        table, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        weights = checked_weights(sample_weight, table)
        table, target, weights = distinct_rows(table, target, weights)
        on = self.standardize
        scaler = StandardScaler(with_mean=on, with_std=on)
        self.scaler_ = scaler.fit(table, sample_weight=weights)
        self.target_mean_ = np.average(target, weights=weights)
        centred = target - self.target_mean_
        self.target_scale_ = np.sqrt(np.average(centred**2, weights=weights))
        standard = centred / (self.target_scale_ or 1.0)
        with one_thread():
            trainer = self._trainer(scaler.transform(table), standard, weights)
            curve = torch.stack([trainer.train_epoch() for _ in range(self.epochs)])
        self.stack_ = trainer.stack
        self.n_iter_ = trainer.epoch
        self.rmse_curve_ = curve.numpy() * self.target_scale_
        if not np.isfinite(self.rmse_curve_[-1]).all():
            raise ValueError("training diverged: lower learning_rate")
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The mean of the networks for X [rows, columns], [rows].

        In double precision, so that a row's does not depend on the rows beside it.

        Raises:
            ValueError: the columns are not those of `fit`, or a cell is unknown.
        """
        check_is_fitted(self)
        table = validate_data(self, X, dtype=np.float64, reset=False)
        stack = self.stack_.double()
        x = pad_columns(self.scaler_.transform(table)).double()
        every = x.expand(len(stack.output), -1, -1)
        candidates = torch.split(every, _BLOCK_ROWS, 1)
        with one_thread():
            each = [predict(stack, candidate) for candidate in candidates]
        standard = torch.cat(each, 1).mean(0).numpy()
        return np.asarray(self.target_mean_ + self.target_scale_ * standard)

    def _trainer(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Trainer:
        """A trainer at its start, each network on all rows; none validate."""
        rows = Rows(
            inputs=Inputs.plain(x),
            targets=torch.from_numpy(y).float()[None],
            fold=torch.zeros(self.seeds, dtype=torch.long),
            rows=[torch.arange(len(x))] * self.seeds,
            longest=len(x),
            weights=torch.from_numpy(weights / weights.mean()).float(),
        )
        draw = check_random_state(self.random_state)
        return Trainer(
            train=rows,
            valid=replace(rows, rows=[torch.arange(0)] * self.seeds, longest=0),
            candidates=[Candidate(self.weight_decay, self.learning_rate, self.dropout)],
            seeds=draw.randint(_LARGEST_SEED, size=self.seeds).tolist(),
            delta=torch.full([self.seeds], float(self.delta)),
            hidden=checked_widths(self.hidden_layer_sizes),
            epochs=self.epochs,
            batches=self._batches(len(x)),
        )

    def _batches(self, rows: int) -> int:
        """How many steps an epoch has."""
        if self.batch_size == "auto":
            return max(min(rows, _AUTO_BATCHES), rows // _AUTO_BATCH)
        return max(1, rows // self.batch_size)


def checked_widths(sizes: ArrayLike) -> tuple[int, ...]:
    """The widths of the hidden layers.

    Raises:
        ValueError: there is none, or one is not a whole number of 1 or more.
    """
    widths = np.atleast_1d(sizes)
    if widths.dtype.kind not in "iu" or widths.min() < 1:
        raise ValueError(
            f"hidden_layer_sizes={sizes!r}: give whole numbers of 1 or more"
        )
    return tuple(widths.tolist())
