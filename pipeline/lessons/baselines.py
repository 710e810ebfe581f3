"""The models of the lessons as baselines.

Every baseline but the book's is cross-validated on the same folds, reads the same
encoded columns and predicts the same target, standardised, so that their
scores differ by the model alone.

To add a baseline, write a function from `FoldTask` to `BaselinePrediction` and list it
in `BASELINES`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isfinite
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD

from pipeline.core.metrics import Metric
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.dataset import Dataset
from pipeline.lessons.dropout import DropoutMLP
from pipeline.lessons.house_prices import run_book
from pipeline.lessons.linear_regression import linear, squared_loss, torch_layer
from pipeline.lessons.mlp import mlp, torch_mlp
from pipeline.lessons.softmax_regression import cross_entropy, log_softmax
from pipeline.lessons.training import init_params, minibatches
from pipeline.runs.record import BaselineScore
from pipeline.validation.cross_validate import (
    CrossValidation,
    Predictions,
    score_folds,
)
from pipeline.validation.folds import Fold, fold_numbers, out_of_fold
from pipeline.validation.uncertainty import paired_difference

BANDS = 10
HIDDEN = 128
EPOCHS, BATCH_SIZE, LR = 100, 64, 0.03
WEIGHT_DECAY = 0.02  # of SGD, where it equals the lesson's L2 penalty
DROPOUT = 0.2

Net = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]

TrainedBaseline = tuple[BaselineScore, Predictions]

# The share of the time of all baselines that has passed since the last call.
Callback = Callable[[float], None]


class FoldTask(NamedTuple):
    """The data of one fold, and a function to call after each epoch.

    Shapes: X [training rows, d_in], encoded; z [training rows, 1], the standardised
    target; X_all [rows + test rows, d_in], all rows to predict.
    """

    X: Tensor
    z: Tensor
    X_all: Tensor
    generator: torch.Generator
    after_epoch: Callable[[], None]


class BaselinePrediction(NamedTuple):
    """The predicted standardised targets z, shape [rows + test rows].

    A classifier of bands of the target also returns the most probable band of each row,
    shape [rows + test rows], and the edges between the bands.
    """

    z: Tensor
    band: Tensor | None = None
    edges: Tensor | None = None


class Task(NamedTuple):
    """What baselines are trained on.

    Attributes:
        project: The project, whose raw files the book's program reads.
        actual: The targets of the training rows, shape (rows,).
        default: The cross-validation of the default network, whose folds are used.
        after_epoch: Called after each epoch of each fold.
    """

    project: Project
    actual: np.ndarray
    default: CrossValidation
    after_epoch: Callable[[], None]


class Result(NamedTuple):
    """A trained baseline.

    `accuracy` is the share of rows in the right band, of a classifier;
    `seconds` is the time that it was trained before, not by this task.
    """

    folds: list[Fold]
    predictions: Predictions
    accuracy: float | None = None
    seconds: float = 0.0


class Baseline(NamedTuple):
    """A baseline.

    Attributes:
        name: Its name.
        what: What is new in it, compared with the baseline that it is built on.
        over: The name of that baseline; None for the first.
        seconds: About how long it trains, for the progress.
        train: The function that trains it.
    """

    name: str
    what: str
    over: str | None
    seconds: float
    train: Callable[[Task], Result]


def train_baselines(
    project: Project, dataset: Dataset, default: CrossValidation, callback: Callback
) -> list[TrainedBaseline]:
    """Train every baseline and compare each with the one that it is built on.

    Args:
        project: The project, whose raw files the book's program reads.
        dataset: The rows.
        default: The cross-validation of the default settings, whose folds are used.
        callback: Called after each epoch of a baseline.

    Returns:
        Scores and predictions, in the order of `baselines_of`.
    """
    trained: list[TrainedBaseline] = []
    losses: dict[str, np.ndarray] = {}
    actual = dataset.actual
    metric, every = default.fold_data.metric, baselines_of(dataset)
    for each in every:
        share = share_of(each.name, every) / (len(default.fold_data.folds) * EPOCHS)
        announce(f"training {each.name}")
        after_epoch = partial(callback, share)
        begin = time.perf_counter()
        result = each.train(Task(project, actual, default, after_epoch))
        seconds = result.seconds + time.perf_counter() - begin
        predicted = result.predictions.out_of_fold
        losses[each.name] = metric.losses(predicted, actual)
        gain, error = _gain(losses, each, metric)
        score = BaselineScore(
            name=each.name,
            what=each.what,
            accuracy=result.accuracy,
            over=each.over,
            gain=gain,
            gain_error=error,
            **score_folds(predicted, actual, result.folds, seconds, metric)._asdict(),
        )
        trained.append((score, result.predictions))
    return trained


def share_of(name: str, every: Sequence[Baseline]) -> float:
    """Return a baseline's share of the time that all of them train."""
    seconds = {each.name: each.seconds for each in every}
    return seconds[name] / sum(seconds.values())


def _gain(
    losses: dict[str, np.ndarray], baseline: Baseline, metric: Metric
) -> tuple[float | None, float | None]:
    """Return how much lower the score is than that of the baseline built on.

    With its standard error over rows, paired; both None where a model diverged.
    """
    if baseline.over is None:
        return None, None
    gain, error = paired_difference(
        losses[baseline.name], losses[baseline.over], metric
    )
    return (gain, error) if isfinite(gain) and isfinite(error) else (None, None)


def mean_target(task: FoldTask) -> BaselinePrediction:
    """Predict the mean target of the training rows, or of their logs, for every row."""
    return BaselinePrediction(torch.zeros(len(task.X_all)) + task.z.mean())


def linear_scratch(task: FoldTask) -> BaselinePrediction:
    """Fit the linear regression of section 3.2."""
    params = init_params((task.X.shape[1], 1), task.generator)
    return _fit(partial(linear, params), squared_loss, SGD(params, 0.003), task)


def linear_torch(task: FoldTask) -> BaselinePrediction:
    """Fit the linear regression of section 3.3.

    Its loss has no factor ½, so half the learning rate gives the same steps.
    """
    layer = torch_layer(task.X.shape[1], 1, task.generator)
    return _fit(layer, nn.MSELoss(), SGD(layer.parameters(), 0.0015), task)


def softmax_bands(task: FoldTask) -> BaselinePrediction:
    """Classify bands of the target as in section 3.6, and predict the expected one.

    The bands have equally many training rows.
    """
    edges = task.z.quantile(torch.linspace(0, 1, BANDS + 1)[1:-1])
    band = torch.bucketize(task.z.squeeze(1), edges)
    # Where many rows have the same target, a band may be empty.
    means = [task.z[band == each].mean() for each in range(BANDS)]
    band_means = torch.stack(means).nan_to_num()
    params = init_params((task.X.shape[1], BANDS), task.generator)
    net, optimizer = partial(linear, params), SGD(params, 0.01)
    logits = _predict(net, cross_entropy, optimizer, task, band)
    probabilities = log_softmax(logits).exp()
    return BaselinePrediction(probabilities @ band_means, logits.argmax(1), edges)


def mlp_scratch(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron of section 3.9."""
    params = init_params(_sizes(task), task.generator)
    return _fit(partial(mlp, params), squared_loss, SGD(params, LR), task)


def mlp_torch(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron of section 3.10."""
    net = torch_mlp(_sizes(task), task.generator)
    return _fit(net, squared_loss, SGD(net.parameters(), LR), task)


def mlp_weight_decay(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron with section 3.12's penalty on weights, not on biases."""
    net = torch_mlp(_sizes(task), task.generator)
    parameters = [*net.parameters()]
    groups = [
        {"params": parameters[::2], "weight_decay": WEIGHT_DECAY},
        {"params": parameters[1::2], "weight_decay": 0.0},
    ]
    return _fit(net, squared_loss, SGD(groups, LR), task)


def mlp_dropout(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron with the dropout of section 3.13."""
    net = DropoutMLP(_sizes(task), (DROPOUT,), task.generator)
    return _fit(net, squared_loss, SGD(net.parameters(), LR), task)


def _sizes(task: FoldTask) -> tuple[int, int, int]:
    return task.X.shape[1], HIDDEN, 1


def _fit(net: Net, loss: Loss, optimizer: SGD, task: FoldTask) -> BaselinePrediction:
    predicted = _predict(net, loss, optimizer, task, task.z)
    return BaselinePrediction(predicted.squeeze(1))


def _predict(
    net: Net, loss: Loss, optimizer: SGD, task: FoldTask, target: Tensor
) -> Tensor:
    """Train on the fold's training rows and return the outputs for all rows."""
    for _ in range(EPOCHS):
        for rows, targets in minibatches(task.X, target, BATCH_SIZE, task.generator):
            optimizer.zero_grad()
            loss(net(rows), targets).mean().backward()
            optimizer.step()
        task.after_epoch()
    if isinstance(net, nn.Module):
        net.eval()  # without dropout
    with torch.no_grad():
        return net(task.X_all)


def book(task: Task) -> Result:
    """Run the book's program, which has folds of its own."""
    result = run_book(task.project, seed=0, after_epoch=task.after_epoch)
    fold_of = fold_numbers(result.folds)
    return Result(result.folds, Predictions(fold_of, result.out_of_fold, result.test))


def default_network(task: Task) -> Result:
    """Return the default network, which is trained before all others."""
    default = task.default
    seconds = default.scores[default.best].seconds
    return Result(default.fold_data.folds, default.predictions, seconds=seconds)


def on_folds(
    fit: Callable[[FoldTask], BaselinePrediction],
) -> Callable[[Task], Result]:
    """Return a function that fits a baseline on every fold."""
    return partial(_cross_validate, fit)


def _cross_validate(
    fit: Callable[[FoldTask], BaselinePrediction], task: Task
) -> Result:
    """Fit a baseline on every fold; its test predictions are the mean over the folds.

    The mean is of transformed predictions, as for the default network.
    """
    data, rows = task.default.fold_data, len(task.actual)
    transformed = np.empty((len(data.folds), data.targets.shape[1]))
    hits: list[Tensor] = []
    for number, fold_task in enumerate(_fold_tasks(task)):
        prediction = fit(fold_task)
        standardised = prediction.z.double().numpy()
        transformed[number] = data.scale.unstandardise(standardised, number)
        if prediction.band is not None and prediction.edges is not None:
            valid = torch.from_numpy(data.folds[number].valid)
            bands = torch.bucketize(data.targets[number][valid], prediction.edges)
            hits.append(bands == prediction.band[valid])
    predictions = Predictions(
        data.fold_of,
        data.metric.undo(out_of_fold(transformed, data.fold_of)),
        data.metric.undo(transformed[:, rows:].mean(axis=0)),
    )
    accuracy = torch.cat(hits).float().mean().item() if hits else None
    return Result(data.folds, predictions, accuracy)


def _fold_tasks(task: Task) -> Iterator[FoldTask]:
    data = task.default.fold_data
    for number, fold in enumerate(data.folds):
        inputs, z = data.inputs.of_fold(number), data.targets[number]
        rows = torch.from_numpy(fold.train)
        generator = torch.Generator().manual_seed(number)
        yield FoldTask(inputs[rows], z[rows, None], inputs, generator, task.after_epoch)


DEFAULT = "default-network"
BASELINES = (
    Baseline("mean-price", "the mean", None, 0.1, on_folds(mean_target)),
    Baseline("book-linear", "linear, on dollars (section 3.16)", "mean-price", 5, book),
    Baseline(
        "linear-scratch",
        "encoded columns, the log of the target",
        "book-linear",
        3,
        on_folds(linear_scratch),
    ),
    Baseline(
        "linear-torch",
        "the same in torch",
        "linear-scratch",
        3.5,
        on_folds(linear_torch),
    ),
    Baseline(
        "softmax-bands",
        f"{BANDS} bands of the target",
        "linear-scratch",
        3,
        on_folds(softmax_bands),
    ),
    Baseline(
        "mlp-scratch",
        f"{HIDDEN} hidden units",
        "linear-scratch",
        5,
        on_folds(mlp_scratch),
    ),
    Baseline("mlp-torch", "the same in torch", "mlp-scratch", 5, on_folds(mlp_torch)),
    Baseline(
        "mlp-weight-decay",
        "L2 penalty on the weights",
        "mlp-torch",
        6.5,
        on_folds(mlp_weight_decay),
    ),
    Baseline(
        "mlp-dropout",
        f"dropout of {DROPOUT:g}",
        "mlp-scratch",
        6.5,
        on_folds(mlp_dropout),
    ),
    Baseline(
        DEFAULT, "AdamW, Huber loss, two heads", "mlp-dropout", 2, default_network
    ),
)


def baselines_of(dataset: Dataset) -> list[Baseline]:
    """Return the baselines of a table: all, without the book's for other houses.

    The book's program reads the columns of House Prices and predicts dollars.
    """
    if dataset.schema.features is not None:
        return list(BASELINES)
    named = {"mean-price": "mean", "book-linear": "mean", None: None}
    what = {"linear-scratch": "encoded columns"}
    return [
        each._replace(
            name=named.get(each.name) or each.name,
            what=what.get(each.name, each.what),
            over=named.get(each.over, each.over),
        )
        for each in BASELINES
        if each.train is not book
    ]
