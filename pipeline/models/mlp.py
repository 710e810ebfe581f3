"""The MLP: a stack of networks for all folds, seeds and values of λ.

What a network computes is in pipeline/network/. Here it becomes a model among models.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, product
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import psutil

from pipeline.core.errors import UserError
from pipeline.core.numbers import score_text
from pipeline.core.progress import Reported, announce
from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED, SAVED, Encoder, check_encoder
from pipeline.models.model import Arrays, Candidate, Failure, Fitted, Model, Step
from pipeline.network import perceptron
from pipeline.network.seeds import Replica, replicas_of
from pipeline.validation.fold_data import FoldData

if TYPE_CHECKING:  # it loads torch, which only training and whole files need
    from pipeline.network.replicas import AfterEpoch, Trained

# Measured on tables of 330 and 2,900 columns, with networks of 21,000 to 790,000
# weights: seconds of a step of a network, of a weight in it, of a weight and a row in
# it, and of a cell (rows × encoded columns) in an epoch.
_STEP, _PER_WEIGHT, _PER_PRODUCT, _PER_CELL = 2.5e-4, 2e-9, 4.6e-11, 2.5e-9


class MLP(Model):
    """Networks of one or more hidden layers; λ, their weight decay, has candidates."""

    name = "mlp"
    view = EXPANDED
    packages = ("scikit-learn", "torch")

    def candidates(self, settings: Settings) -> list[Candidate]:
        """Return a candidate for each λ."""
        return [Candidate(value, f"λ = {value:g}") for value in settings.lambdas]

    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return the time of all steps of all networks."""
        per_weight = _PER_WEIGHT + _PER_PRODUCT * settings.batch_size
        step = _STEP + per_weight * perceptron.size(columns, settings.hidden)
        cells = settings.epochs * rows * columns
        return _networks(settings) * (settings.steps * step + _PER_CELL * cells)

    def check_memory(self, settings: Settings, columns: int) -> None:
        """Refuse networks that do not fit into memory.

        Four copies are held: the weights, AdamW's two moments, and the file to be
        written.
        """
        size, networks = perceptron.size(columns, settings.hidden), _networks(settings)
        needed = 4 * np.float32().itemsize * size * networks
        total = psutil.virtual_memory().total
        if needed > total:
            raise UserError(
                f"{networks:,} networks of {size:,} weights need "
                f"{needed / 1e9:,.0f} GB of memory, and this machine has "
                f"{total / 1e9:,.0f}; give a smaller --hidden, --seeds or --folds"
            )

    def fit(self, data: FoldData, settings: Settings, step: Step, jobs: int) -> Fitted:
        """Train all networks as one stack, and drop those that diverged.

        Raises:
            UserError: A network of every λ diverged.
        """
        from pipeline.network.replicas import (
            FoldTensors,
            candidates_of,
            diverged_epochs,
            mean_over_seeds,
            predicted_by_all,
            train_replicas,
        )

        names = data.read(EXPANDED).names
        tensors = FoldTensors.of(data)
        replicas, candidates = replicas_of(settings), candidates_of(settings)
        announce("training the networks")
        after_epoch = _progress(
            data, self.seconds(settings, data.rows, len(names)), step
        )
        trained = train_replicas(
            tensors, replicas, candidates, settings, after_epoch, jobs
        )
        unseen = data.unseen[[replica.fold for replica in replicas]]
        epochs = diverged_epochs(trained, unseen)
        # The other networks of the fold do not replace one that diverged: the fold has
        # no score, and neither has its λ, which thus cannot be the best.
        kept = np.where(epochs[..., None], np.nan, trained.predicted)
        by_all = predicted_by_all(trained, tensors, replicas, data.sampled_rows)
        return Fitted(
            predicted=mean_over_seeds(kept, settings),
            arrays=_Arrays(trained, data, settings),
            failures=name_failures(epochs, replicas, settings),
            history=_history(trained, replicas, settings),
            gaps=[data.training_gap(e) for e in mean_over_seeds(by_all, settings)],
        )

    def predict(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return the mean over the networks of each fold, shape (folds, n)."""
        import torch

        from pipeline.network.inference import predict_rows
        from pipeline.network.inputs import Inputs
        from pipeline.network.stacked_mlp import StackedMLP

        folds, seeds = arrays["output"].shape[:2]
        encoders = list(map(Encoder.loaded, _saved_encoders(arrays, folds)))
        weights = {
            name: torch.from_numpy(array.reshape(folds * seeds, *array.shape[2:]))
            for name, array in arrays.items()
            if not name.startswith(SAVED)
        }
        fold = torch.arange(folds).repeat_interleave(seeds)
        rows = torch.arange(len(entries)).expand(len(fold), -1)
        inputs = Inputs.of(entries, encoders, "cpu")
        stack = StackedMLP.from_tensors(weights)
        (predicted,) = predict_rows([stack], inputs, fold, rows)
        return np.asarray(predicted.reshape(folds, seeds, -1).mean(axis=1))

    def evaluate(self, arrays: Arrays, entries: np.ndarray) -> np.ndarray:
        """Return what `predict` does, up to rounding, without loading torch."""
        folds, seeds = arrays["output"].shape[:2]
        weights = {n: each for n, each in arrays.items() if not n.startswith(SAVED)}
        predicted = np.zeros((folds, len(entries)))
        for fold, saved in enumerate(_saved_encoders(arrays, folds)):
            encoder = Encoder.loaded(saved)
            inputs = encoder.transform(entries[:, : len(encoder.fill)])
            for seed in range(seeds):
                network = {name: each[fold, seed] for name, each in weights.items()}
                predicted[fold] += perceptron.predict(network, inputs)
        return np.asarray(predicted / seeds)

    def check(self, arrays: Arrays, settings: Settings, columns: int) -> None:
        """Check names, types and shapes before any array is used."""
        expected = perceptron.shapes(columns, settings.hidden)
        for name, shape in expected.items():
            array, size = arrays.get(name), (settings.folds, settings.seeds, *shape)
            if array is None or array.dtype != "float32" or array.shape != size:
                raise ValueError(f"{name} is not {list(size)} of float32")
        if len(expected) != sum(not name.startswith(SAVED) for name in arrays):
            raise ValueError("there are arrays of other networks")
        for encoder in _saved_encoders(arrays, settings.folds):
            check_encoder(encoder, columns)


def name_failures(
    epochs: np.ndarray, replicas: Sequence[Replica], settings: Settings
) -> list[Failure]:
    """Return the networks that diverged, given the result of `diverged_epochs`.

    Raises:
        UserError: A network of every λ diverged.
    """
    found = [
        Failure(candidate, *replicas[replica], int(epochs[candidate, replica]))
        for candidate, replica in np.argwhere(epochs).tolist()
    ]
    if epochs.any(1).all():
        first = min(found, key=lambda failure: failure.epoch)
        raise UserError(
            f"--lr {settings.lr:g}: networks of every λ diverged, the first with "
            f"λ = {settings.lambdas[first.candidate]:g}, fold {first.fold + 1}, "
            f"network {first.seed + 1} in epoch {first.epoch}; use a lower --lr"
        )
    return found


class _Arrays(Sequence[Arrays]):
    """The arrays of each λ. They are views of one stack, and one λ is saved."""

    def __init__(self, trained: Trained, data: FoldData, settings: Settings) -> None:
        self._weights, self._shape = trained.weights, (settings.folds, settings.seeds)
        saved = [encoder.saved() for encoder in data.encoders]
        self._encoders = {
            name: np.stack([[each[name]] for each in saved]) for name in saved[0]
        }

    def __len__(self) -> int:
        return len(self._weights["output"])

    def __getitem__(self, candidate: int) -> Arrays:  # type: ignore[override]
        weights = {
            name: array[candidate].reshape(*self._shape, *array.shape[2:])
            for name, array in self._weights.items()
        }
        return weights | self._encoders


def _saved_encoders(arrays: Arrays, folds: int) -> list[Arrays]:
    """Return the arrays of the encoder of each fold.

    Raises:
        ValueError: There is not one for each fold.
    """
    saved = {name: each for name, each in arrays.items() if name.startswith(SAVED)}
    for name, each in saved.items():
        if each.shape[:2] != (folds, 1):
            raise ValueError(f"{name} is not of {folds} folds")
    return [{n: each[fold, 0] for n, each in saved.items()} for fold in range(folds)]


def _networks(settings: Settings) -> int:
    return len(settings.lambdas) * settings.folds * settings.seeds


def _progress(data: FoldData, seconds: float, step: Step) -> AfterEpoch:
    """Return what reports the work and the mean error of the networks so far."""
    settings, latest, lock = data.settings, dict[int, list[float]](), Lock()
    per_epoch = seconds / (_networks(settings) * settings.epochs)

    def after_epoch(part: int, errors: list[float]) -> None:
        with lock:  # the parts train in threads
            latest[part] = errors
            so_far = mean_error(list(chain.from_iterable(latest.values())))
        step(len(errors) * per_epoch, f"{data.metric.title} of one network {so_far}")

    return Reported(after_epoch)


def mean_error(errors: Sequence[float]) -> str:
    """Return the mean of the finite errors, and the number of diverged networks."""
    finite = [error for error in errors if isfinite(error)]
    mean = score_text(sum(finite) / len(finite)) if finite else "–"
    diverged = len(errors) - len(finite)
    return f"{mean}, {diverged} diverged" if diverged else mean


def _history(
    trained: Trained, replicas: Sequence[Replica], settings: Settings
) -> pd.DataFrame:
    """Return the learning curves, a row for each network and epoch.

    The errors of a network that diverged are empty cells where they are not finite.
    """
    epochs = range(1, settings.epochs + 1)
    rows = product(settings.lambdas, replicas, epochs)
    labels = [(value, *replica, epoch) for value, replica, epoch in rows]
    frame = pd.DataFrame(labels, columns=["lambda", "fold", "seed", "epoch"])
    errors = {"train": trained.train.ravel(), "valid": trained.valid.ravel()}
    return frame.assign(**errors).replace([np.inf, -np.inf], np.nan)


MODEL = MLP()
