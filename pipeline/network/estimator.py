"""The stacked MLP as a scikit-learn regressor, for any table of numbers.

It is trained as in `pipeline train`, by `pipeline.network.trainer.Trainer`.
"""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from pipeline.core.numbers import LARGEST
from pipeline.core.settings import Settings
from pipeline.data.encoder import padded_columns
from pipeline.data.units import deviation
from pipeline.network.adamw import AdamWOptions
from pipeline.network.batches import Rows
from pipeline.network.inference import BLOCK_ROWS
from pipeline.network.inputs import Inputs
from pipeline.network.loss import huber_loss
from pipeline.network.sample_weight import checked_weights, distinct_rows
from pipeline.network.schedule import Schedule
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.network.threads import one_thread
from pipeline.network.trainer import Candidate, Trainer

_LARGEST_SEED = 2**31 - 1
_NUMBER = Interval(Integral, 1, None, closed="left")


class StackedMLPRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Multilayer perceptrons, trained as one stack; their predictions are averaged.

    Unlike `MLPRegressor`, this regressor standardises columns and target itself.

    Rows that are equal in every column and in the target are merged into one, and their
    weights are added. So a weight of 2 exactly equals a repeated row, a weight of 0
    drops the row, and the order of rows does not matter. Missing values and sparse
    matrices are not supported. Training uses one thread; for more, use `n_jobs` of a
    meta-estimator such as `GridSearchCV`.

    Several targets are not supported either: rows are merged, and the loss and the
    gradients are written, for one output, and `MultiOutputRegressor` fits an estimator
    for each target. There is no early stopping: the learning rate falls to 0 over all
    `epochs`, so a training that stops before is not a shorter training with fewer
    epochs. Choose `epochs` by cross-validation.

    An argument that is None follows from the number of rows, as in `pipeline train`:
    see `pipeline.core.settings.Settings.for_rows`.

    Args:
        hidden_layer_sizes: widths of the hidden layers.
        weight_decay: decoupled weight decay of weights; biases do not decay. That of
            `pipeline train` is 1, at the same learning_rate.
        learning_rate: peak learning rate (warm-up, then cosine decay).
        dropout: dropout probability of hidden units.
        delta: threshold of the Huber loss, in standard deviations of the target.
        standardize: whether to standardise the columns; use False if a previous step
            of a pipeline has scaled them.
        epochs: number of training epochs.
        batch_size: rows per training step.
        seeds: number of networks. They differ in initial weights, batches and dropout.
        random_state: source of the networks' random seeds.

    Attributes:
        n_features_in_, feature_names_in_: see scikit-learn's glossary.
        n_iter_: number of epochs trained.
        loss_curve_: shape (epochs,), half the mean squared training error, the mean of
            the networks, as `MLPRegressor` has it.
        rmse_curve_: shape (epochs, seeds), the root mean squared training error of each
            network, measured during the epoch with dropout, in the unit of the target.
        scaler_: the fitted `StandardScaler` of the columns.
        target_mean_, target_scale_: mean and standard deviation of the target.
        weights_: the weights and biases of all networks, arrays by the names that
            docs/weights.md has.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", _NUMBER, None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "dropout": [Interval(Real, 0, 1, closed="left"), None],
        "delta": [Interval(Real, 0, None, closed="neither")],
        "standardize": ["boolean"],
        "epochs": [_NUMBER, None],
        "batch_size": [_NUMBER, None],
        "seeds": [_NUMBER],
        "random_state": ["random_state"],
    }

    def __init__(  # noqa: PLR0913 - scikit-learn's hyperparameters are arguments
        self,
        *,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        weight_decay: float = 0.3,
        learning_rate: float = 5e-3,
        dropout: float | None = None,
        delta: float = 1.0,
        standardize: bool = True,
        epochs: int | None = None,
        batch_size: int | None = None,
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
        self, X: "ArrayLike", y: "ArrayLike", sample_weight: "ArrayLike | None" = None
    ) -> Self:
        """Train the networks.

        Args:
            X: shape (rows, columns).
            y: shape (rows,).
            sample_weight: shape (rows,), or None for equal weights.

        Returns:
            The fitted regressor.

        Raises:
            ValueError: A parameter or the data is invalid, such as a number beyond
                3.4e38; or training diverged.
        """
        self._validate_params()
        table, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        _check_size(table, "X")
        _check_size(target[:, None], "y")
        weights = checked_weights(sample_weight, table)
        table, target, weights = distinct_rows(table, target, weights)
        on = self.standardize
        scaler = StandardScaler(with_mean=on, with_std=on)
        self.scaler_ = scaler.fit(table, sample_weight=weights)
        self.target_mean_ = np.average(target, weights=weights)
        self.target_scale_ = deviation(target, weights)
        standard = (target - self.target_mean_) / (self.target_scale_ or 1.0)
        with one_thread():
            trainer = self._trainer(scaler.transform(table), standard, weights)
            epochs = range(trainer.schedule.epochs)
            curve = torch.stack([trainer.train_epoch() for _ in epochs])
        tensors = trainer.stack.tensors()
        self.weights_ = {name: tensor.numpy() for name, tensor in tensors.items()}
        self.n_iter_ = trainer.epoch
        self.rmse_curve_ = curve.double().numpy() * self.target_scale_
        self.loss_curve_ = (self.rmse_curve_**2).mean(axis=1) / 2
        if not np.isfinite(self.rmse_curve_[-1]).all():
            raise ValueError("training diverged: lower learning_rate")
        return self

    def predict(self, X: "ArrayLike") -> np.ndarray:
        """Return the mean of the networks' predictions, shape (rows,).

        It is computed in double precision, so that the prediction for a row does not
        depend on the other rows.

        Args:
            X: shape (rows, columns).

        Raises:
            ValueError: The columns are not those of `fit`, a value is missing, or a
                number is beyond 3.4e38.
        """
        check_is_fitted(self)
        table = validate_data(self, X, dtype=np.float64, reset=False)
        _check_size(table, "X")
        weights = {n: torch.from_numpy(each) for n, each in self.weights_.items()}
        stack = StackedMLP.from_tensors(weights).double()
        x = torch.from_numpy(padded_columns(self.scaler_.transform(table))).double()
        blocks = torch.split(x.expand(len(stack.output), -1, -1), BLOCK_ROWS, 1)
        with one_thread():
            predicted = [stack.predict(block) for block in blocks]
        standard = torch.cat(predicted, 1).mean(0).numpy()
        return np.asarray(self.target_mean_ + self.target_scale_ * standard)

    def _trainer(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Trainer:
        """Return a trainer of all networks on all rows, without validation rows."""
        rows = Rows(
            inputs=Inputs.plain(x),
            targets=torch.from_numpy(y).float()[None],
            fold=torch.zeros(self.seeds, dtype=torch.long),
            rows=[torch.arange(len(x))] * self.seeds,
            longest=len(x),
            weights=torch.from_numpy(weights / weights.mean()).float(),
        )
        draw = check_random_state(self.random_state)
        sizes = self.hidden_layer_sizes
        given: dict[str, Any] = {
            "epochs": self.epochs,
            "hidden": None if sizes is None else checked_widths(sizes),
            "dropout": self.dropout,
            "batch_size": self.batch_size,
        }
        settings = Settings(**given).for_rows(len(x))
        return Trainer(
            train=rows,
            valid=rows.emptied(),
            candidates=[
                Candidate(self.weight_decay, self.learning_rate, settings.dropout)
            ],
            seeds=draw.randint(_LARGEST_SEED, size=self.seeds).tolist(),
            loss=huber_loss(torch.full([self.seeds], float(self.delta))),
            hidden=settings.hidden,
            schedule=Schedule(settings.epochs, settings.batches, settings.warm_up),
            adamw=AdamWOptions(settings.adam_betas, torch.ones(self.seeds)),
        )


def _check_size(values: np.ndarray, name: str) -> None:
    """Check that float32 has numbers of this size.

    Raises:
        ValueError: A number is larger.
    """
    for row, column in np.argwhere(np.abs(values) > LARGEST)[:1]:
        raise ValueError(
            f"{name}: {values[row, column]:g} in row {row}, column {column}: beyond "
            f"{LARGEST:.1e}, the largest number"
        )


def checked_widths(sizes: ArrayLike) -> tuple[int, ...]:
    """Return the widths of the hidden layers as a tuple.

    Raises:
        ValueError: It is empty, or not all are integers of 1 or more.
    """
    widths = np.atleast_1d(sizes)
    if widths.dtype.kind not in "iu" or widths.min() < 1:
        raise ValueError(f"hidden_layer_sizes={sizes!r}: must be integers of 1 or more")
    return tuple(widths.tolist())
