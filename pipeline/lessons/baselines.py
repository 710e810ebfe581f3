"""The models of the lessons as baselines, from the mean to the default network.

Every baseline but the book's is a model on the same folds. It reads the same encoded
columns and predicts the same standardised target, so scores differ by the model alone.
Unlike other models it is not clipped to target bounds, and predicts the rows of the run
only.

To add a baseline, write a function from `FoldTask` to a `FoldPrediction` and list it in
`BASELINES`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD

from pipeline.core.paths import Project
from pipeline.core.progress import Callback, announce
from pipeline.core.settings import CHOSEN_ON, Settings
from pipeline.data.dataset import Dataset
from pipeline.data.encoder import EXPANDED
from pipeline.lessons import house_prices
from pipeline.lessons.dropout import DropoutMLP
from pipeline.lessons.linear_regression import linear, minibatches, squared_loss
from pipeline.lessons.mlp import init_params, mlp, torch_mlp
from pipeline.lessons.softmax_regression import cross_entropy, log_softmax
from pipeline.models import model_of
from pipeline.models.ensemble import (
    Ensemble,
    Member,
    Predictions,
    cross_validate,
    score_folds,
)
from pipeline.models.model import Candidate, Fitted, Model, Step
from pipeline.network.replicas import FoldTensors
from pipeline.runs.record import BaselineScore
from pipeline.runs.writer import Baseline
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import Fold, fold_numbers
from pipeline.validation.uncertainty import paired_difference

BANDS = 10
HIDDEN = 128
EPOCHS, BATCH_SIZE, LR = 100, 64, 0.03
WEIGHT_DECAY = 0.02  # of SGD, where it equals the lesson's L2 penalty
DROPOUT = 0.2
BOOK_SECONDS = 5.0  # about how long the book's program trains

Net = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


class FoldTask(NamedTuple):
    """The data of one fold, and a function to call after each epoch.

    Shapes: X [training rows, d_in], encoded; z [training rows, 1], the standardised
    target; X_all [rows + test rows, d_in], all rows to predict; valid [n], the numbers
    of the validated rows; z_valid [n], their standardised targets.
    """

    X: Tensor
    z: Tensor
    X_all: Tensor
    valid: Tensor
    z_valid: Tensor
    generator: torch.Generator
    after_epoch: Callable[[], None]

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers of columns, of hidden units and of outputs."""
        return self.X.shape[1], HIDDEN, 1


class FoldPrediction(NamedTuple):
    """The predicted standardised targets z, shape [rows + test rows].

    A classifier also returns which validated rows it puts into the right class.
    """

    z: Tensor
    hits: Tensor | None = None


@dataclass(frozen=True)
class LessonModel(Model):
    """A function that fits one fold, as a model.

    Attributes:
        name: of the baseline.
        full_time: about how many seconds it trains on all folds of House Prices.
        fit_fold: trains on a fold and predicts all rows.
    """

    name: str
    full_time: float
    fit_fold: Callable[[FoldTask], FoldPrediction]
    view = EXPANDED
    packages = ("torch",)
    bounded = False

    def seconds(self, settings: Settings, rows: int, columns: int) -> float:
        """Return the time of training, which grows with the rows."""
        return self.full_time * rows / CHOSEN_ON

    def fit(self, data: FoldData, settings: Settings, step: Step, jobs: int) -> Fitted:
        """Train on each fold."""
        tensors = FoldTensors.of(data)
        announce(f"training {self.name}")
        seconds = self.seconds(settings, data.rows, 0) / (len(data.folds) * EPOCHS)
        predictions = []
        for number, fold in enumerate(data.folds):
            inputs, z = tensors.inputs.of_fold(number), tensors.targets[number]
            rows, valid = torch.from_numpy(fold.train), torch.from_numpy(fold.valid)
            generator = torch.Generator().manual_seed(number)
            after = partial(step, seconds, "")
            task = FoldTask(
                inputs[rows], z[rows, None], inputs, valid, z[valid], generator, after
            )
            predictions.append(self.fit_fold(task))
        predicted = torch.stack([each.z for each in predictions]).double().numpy()
        hits = [each.hits for each in predictions if each.hits is not None]
        accuracy = torch.cat(hits).float().mean().item() if hits else None
        return Fitted(predicted[None], arrays=[{}], accuracy=accuracy)


def mean_target(task: FoldTask) -> FoldPrediction:
    """Predict the mean target of the training rows, or of their logs, for every row."""
    return FoldPrediction(torch.zeros(len(task.X_all)) + task.z.mean())


def linear_regression(task: FoldTask) -> FoldPrediction:
    """Fit the linear regression of section 3.2."""
    params = init_params((task.X.shape[1], 1), task.generator)
    return fit(partial(linear, params), squared_loss, SGD(params, 0.003), task)


def bands(task: FoldTask) -> FoldPrediction:
    """Classify bands of the target as in section 3.6, and predict the expected one.

    The bands have equally many training rows.
    """
    edges = task.z.quantile(torch.linspace(0, 1, BANDS + 1)[1:-1])
    band = torch.bucketize(task.z.squeeze(1), edges)
    # Where many rows have the same target, a band may be empty.
    means = [task.z[band == number].mean() for number in range(BANDS)]
    band_means = torch.stack(means).nan_to_num()
    params = init_params((task.X.shape[1], BANDS), task.generator)
    net, optimizer = partial(linear, params), SGD(params, 0.01)
    logits = outputs(net, cross_entropy, optimizer, task, band)
    probabilities = log_softmax(logits).exp()
    hits = torch.bucketize(task.z_valid, edges) == logits[task.valid].argmax(1)
    return FoldPrediction(probabilities @ band_means, hits)


def perceptron(task: FoldTask) -> FoldPrediction:
    """Fit the perceptron of section 3.9."""
    params = init_params(task.sizes, task.generator)
    return fit(partial(mlp, params), squared_loss, SGD(params, LR), task)


def with_decay(task: FoldTask) -> FoldPrediction:
    """Fit the perceptron with section 3.12's penalty on weights, not on biases."""
    net = torch_mlp(task.sizes, task.generator)
    parameters = [*net.parameters()]
    groups = [
        {"params": parameters[::2], "weight_decay": WEIGHT_DECAY},
        {"params": parameters[1::2], "weight_decay": 0.0},
    ]
    return fit(net, squared_loss, SGD(groups, LR), task)


def with_dropout(task: FoldTask) -> FoldPrediction:
    """Fit the perceptron with the dropout of section 3.13."""
    net = DropoutMLP(task.sizes, (DROPOUT,), task.generator)
    return fit(net, squared_loss, SGD(net.parameters(), LR), task)


def fit(net: Net, loss: Loss, optimizer: SGD, task: FoldTask) -> FoldPrediction:
    """Train a network of the standardised target, and predict all rows."""
    return FoldPrediction(outputs(net, loss, optimizer, task, task.z).squeeze(1))


def outputs(
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


class Rung(NamedTuple):
    """A baseline of the ladder.

    Attributes:
        name: of the baseline.
        what: what is new in it, compared with the baseline that it is built on.
        over: the name of that baseline; None for the first.
        model: what is trained; None for the book's program, which has folds of its own.
    """

    name: str
    what: str
    over: str | None
    model: Model | None


def _lesson(
    name: str,
    what: str,
    over: str | None,
    seconds: float,
    fit: Callable[[FoldTask], FoldPrediction],
) -> Rung:
    return Rung(name, what, over, LessonModel(name, seconds, fit))


DEFAULT = "default-network"
BASELINES = (
    _lesson("mean-price", "the mean", None, 0.1, mean_target),
    Rung("book-linear", "linear, on dollars (section 3.16)", "mean-price", None),
    _lesson(
        "linear",
        "encoded columns, the log of the target",
        "book-linear",
        3,
        linear_regression,
    ),
    _lesson("softmax-bands", f"{BANDS} bands of the target", "linear", 3, bands),
    _lesson("mlp", f"{HIDDEN} hidden units", "linear", 5, perceptron),
    _lesson("mlp-weight-decay", "L2 penalty on the weights", "mlp", 6.5, with_decay),
    _lesson("mlp-dropout", f"dropout of {DROPOUT:g}", "mlp", 6.5, with_dropout),
    Rung(DEFAULT, "AdamW, Huber loss, SiLU", "mlp-dropout", model_of("mlp")),
)


def baselines_of(dataset: Dataset) -> list[Rung]:
    """Return the baselines of a table: all, without the book's for other houses.

    The book's program reads the columns of House Prices and predicts dollars.
    """
    if dataset.schema.features is not None:
        return list(BASELINES)
    mean, _, linear, *others = BASELINES
    linear = linear._replace(what="encoded columns", over="mean")
    return [mean._replace(name="mean"), linear, *others]


def train_baselines(
    project: Project, data: FoldData, callback: Callback, jobs: int
) -> tuple[Ensemble, list[Baseline]]:
    """Train every baseline and compare each with the one that it is built on.

    Args:
        project: The project, whose raw files the book's program reads.
        data: The folds.
        callback: Called with the share of the work since the last call.
        jobs: The number of threads.

    Returns:
        The default network, and all baselines in the order of `baselines_of`.
    """
    rungs = baselines_of(data.dataset)
    models = [rung.model for rung in rungs if rung.model is not None]
    columns = len(data.read(EXPANDED).names)
    seconds = sum(each.seconds(data.settings, data.rows, columns) for each in models)
    share, book = 1.0, None
    if len(models) < len(rungs):
        share = seconds / (seconds + BOOK_SECONDS)
        epochs = house_prices.EPOCHS * house_prices.FOLDS
        book = _book(project, data, partial(callback, (1 - share) / epochs, ""))
    trained = cross_validate(
        data, models, lambda part, note: callback(share * part, note), jobs
    )
    results = [(member, data.folds) for member in trained.members]
    if book:
        results.insert([rung.model for rung in rungs].index(None), book)
    return Ensemble(data, [trained.members[-1]]), ladder(data, rungs, results)


def ladder(
    data: FoldData, rungs: Iterable[Rung], trained: Iterable[tuple[Member, list[Fold]]]
) -> list[Baseline]:
    """Return the baselines, each compared with the one that it is built on.

    Args:
        data: The rows.
        rungs: The baselines, each below those that are built on it.
        trained: What was trained for each, and on which folds.
    """
    losses, baselines = dict[str, np.ndarray](), []
    for rung, (member, folds) in zip(rungs, trained, strict=True):
        predictions, numbers = member.chosen, fold_numbers(folds)
        losses[rung.name] = Ensemble(data, [member]).losses(predictions.out_of_fold)
        gain = error = None
        if rung.over is not None:
            pair = losses[rung.name], losses[rung.over]
            # Each fold has a seed, so the error over folds includes that of seeds.
            differences = [
                paired_difference(*pair, data.metric, units)
                for units in (data.dataset.groups, numbers)
            ]
            difference = max(differences, key=lambda each: each.standard_error)
            if all(map(isfinite, difference)):
                gain, error = difference
        score = BaselineScore(
            name=rung.name,
            what=rung.what,
            **member.scores[member.best]._asdict(),
            seconds=member.seconds,
            accuracy=member.fitted.accuracy if member.fitted else None,
            over=rung.over,
            gain=gain,
            gain_error=error,
        )
        baselines.append(Baseline(score, predictions, numbers))
    return baselines


def _book(
    project: Project, data: FoldData, after_epoch: Callable[[], None]
) -> tuple[Member, list[Fold]]:
    """Run the book's program, which has folds of its own and predicts dollars."""
    announce("training book-linear")
    begin = perf_counter()
    result = house_prices.run_book(project, seed=0, after_epoch=after_epoch)
    out_of_fold, test = map(data.metric.transform, (result.out_of_fold, result.test))
    member = Member(
        name="book-linear",
        candidates=[Candidate()],
        scores=[score_folds(out_of_fold, replace(data, folds=result.folds))],
        predictions=Predictions(out_of_fold[None], test[None, None]),
        seconds=perf_counter() - begin,
    )
    return member, result.folds
