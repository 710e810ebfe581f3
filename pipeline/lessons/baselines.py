"""The models of the lessons as baselines for the house prices, on the same folds.

Every baseline but the book's reads the same encoded columns and predicts the same
target, the standardised log price, so that their scores differ by the model alone.

To add a baseline, write a function from `FoldTask` to `BaselinePrediction` and list it
in `BASELINES`.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline.core.paths import Project
from pipeline.data.schema import TARGET
from pipeline.lessons import dropout, linear_regression, mlp, softmax_regression
from pipeline.lessons.house_prices import run_book
from pipeline.lessons.linear_regression import squared_loss
from pipeline.lessons.training import Learner, train
from pipeline.runs.record import BaselineScore
from pipeline.validation.cross_validate import (
    CrossValidation,
    Predictions,
    Score,
    score_folds,
)
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import fold_numbers, out_of_fold

PRICE_BANDS = 10
HIDDEN = 128
EPOCHS, BATCH_SIZE, LR = 100, 64, 0.03
WEIGHT_DECAY = 0.02  # of SGD, where it equals the lesson's L2 penalty
DROPOUT = 0.2

TrainedBaseline = tuple[BaselineScore, Predictions]


class FoldTask(NamedTuple):
    """The data of one fold.

    Shapes: X [training rows, d_in], encoded; z [training rows, 1], the standardised log
    price; X_all [rows + test rows, d_in], all rows to predict.
    """

    X: Tensor
    z: Tensor
    X_all: Tensor
    generator: torch.Generator


class BaselinePrediction(NamedTuple):
    """The predicted standardised log prices z, shape [rows + test rows].

    A classifier of price bands also returns the most probable band of each row, shape
    [rows + test rows], and the edges between the bands.
    """

    z: Tensor
    band: Tensor | None = None
    edges: Tensor | None = None


class Baseline(NamedTuple):
    """A baseline: its name, what distinguishes it, and a function that trains it."""

    name: str
    what: str
    fit: Callable[[FoldTask], BaselinePrediction]


def train_baselines(
    project: Project, frame: pd.DataFrame, default: CrossValidation
) -> list[TrainedBaseline]:
    """Train every baseline on the folds of the default network.

    Args:
        project: The project, whose raw files the book's program reads.
        frame: The training rows with their prices.
        default: The cross-validation of the default settings.

    Returns:
        Scores and predictions, in the order of the lessons, the default network last.
    """
    trained = [_cross_validate(each, frame, default.fold_data) for each in BASELINES]
    trained.insert(BOOK_INDEX, _cross_validate_book(project, frame))
    score = default.scores[default.best]
    trained.append((_named("train", "our default", score), default.predictions))
    return trained


def mean_price(task: FoldTask) -> BaselinePrediction:
    """Predict the mean log price of the training rows for every house."""
    return BaselinePrediction(torch.zeros(len(task.X_all)) + task.z.mean())


def linear_scratch(task: FoldTask) -> BaselinePrediction:
    """Fit the linear regression of section 3.2."""
    d_in = task.X.shape[1]
    return _fit(
        linear_regression.scratch(d_in, lr=0.003, generator=task.generator), task
    )


def linear_torch(task: FoldTask) -> BaselinePrediction:
    """Fit the linear regression of section 3.3.

    Its loss has no factor ½, so half the learning rate gives the same steps.
    """
    d_in = task.X.shape[1]
    return _fit(
        linear_regression.with_torch(d_in, lr=0.0015, generator=task.generator), task
    )


def softmax_bands(task: FoldTask) -> BaselinePrediction:
    """Classify price bands as in section 3.6, and predict the expected log price.

    The bands have equally many training rows.
    """
    edges = task.z.quantile(torch.linspace(0, 1, PRICE_BANDS + 1)[1:-1])
    band = torch.bucketize(task.z.squeeze(1), edges)
    # Where many houses have the same price, a band may be empty.
    means = [task.z[band == each].mean() for each in range(PRICE_BANDS)]
    band_means = torch.stack(means).nan_to_num()
    learner = softmax_regression.scratch(
        task.X.shape[1], PRICE_BANDS, lr=0.01, generator=task.generator
    )
    logits = _predict(learner, task, band)
    probabilities = softmax_regression.log_softmax(logits).exp()
    return BaselinePrediction(probabilities @ band_means, logits.argmax(1), edges)


def mlp_scratch(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron of section 3.9."""
    sizes, generator = _sizes(task), task.generator
    learner = mlp.scratch(sizes, loss=squared_loss, lr=LR, generator=generator)
    return _fit(learner, task)


def mlp_torch(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron of section 3.10."""
    return _fit(_torch_mlp(task), task)


def mlp_weight_decay(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron with section 3.12's penalty on weights, not on biases."""
    learner = _torch_mlp(task)
    weights, biases = learner.parameters[::2], learner.parameters[1::2]
    optimizer = torch.optim.SGD(
        [
            {"params": weights, "weight_decay": WEIGHT_DECAY},
            {"params": biases, "weight_decay": 0.0},
        ],
        LR,
    )
    return _fit(replace(learner, optimizer=optimizer), task)


def mlp_dropout(task: FoldTask) -> BaselinePrediction:
    """Fit the perceptron with the dropout of section 3.13."""
    sizes, generator = _sizes(task), task.generator
    learner = dropout.scratch(
        sizes, (DROPOUT,), loss=squared_loss, lr=LR, generator=generator
    )
    return _fit(learner, task)


BASELINES = (
    Baseline("mean-price", "the same price for all", mean_price),
    Baseline("linear-scratch", "a weight for each column", linear_scratch),
    Baseline("linear-torch", "the same by torch", linear_torch),
    Baseline("softmax-bands", "ten price bands", softmax_bands),
    Baseline("mlp-scratch", "a hidden layer", mlp_scratch),
    Baseline("mlp-torch", "the same by torch", mlp_torch),
    Baseline("mlp-weight-decay", "with weight decay", mlp_weight_decay),
    Baseline("mlp-dropout", "with dropout instead", mlp_dropout),
)
BOOK_INDEX = 3  # after the linear models, because it is linear too


def _sizes(task: FoldTask) -> tuple[int, int, int]:
    return task.X.shape[1], HIDDEN, 1


def _torch_mlp(task: FoldTask) -> Learner:
    return mlp.with_torch(
        _sizes(task), loss=squared_loss, lr=LR, generator=task.generator
    )


def _fit(learner: Learner, task: FoldTask) -> BaselinePrediction:
    return BaselinePrediction(_predict(learner, task, task.z).squeeze(1))


def _predict(learner: Learner, task: FoldTask, target: Tensor) -> Tensor:
    """Train on the fold's training rows and return the outputs for all rows."""
    for _ in train(
        learner,
        task.X,
        target,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        generator=task.generator,
    ):
        pass
    return learner.predict(task.X_all)


def _cross_validate(
    baseline: Baseline, frame: pd.DataFrame, fold_data: FoldData
) -> TrainedBaseline:
    """Train a baseline on every fold; its test prices are the mean over the folds.

    The mean is of log prices, as for the default network.
    """
    begin = time.perf_counter()
    log_price = np.empty((len(fold_data.folds), fold_data.targets.shape[1]))
    hits = []
    for number, fold in enumerate(fold_data.folds):
        inputs, z = fold_data.inputs.of_fold(number), fold_data.targets[number]
        generator = torch.Generator().manual_seed(number)
        rows = torch.from_numpy(fold.train)
        task = FoldTask(inputs[rows], z[rows, None], inputs, generator)
        prediction = baseline.fit(task)
        standardised = prediction.z.double().numpy()
        log_price[number] = fold_data.scale.to_log_price(standardised, number)
        if prediction.band is not None and prediction.edges is not None:
            valid = torch.from_numpy(fold.valid)
            bands = torch.bucketize(z[valid], prediction.edges)
            hits.append(bands == prediction.band[valid])
    predicted = np.exp(out_of_fold(log_price, fold_data.fold_of))
    accuracy = torch.cat(hits).float().mean().item() if hits else None
    seconds = time.perf_counter() - begin
    score = score_folds(predicted, frame[TARGET].to_numpy(), fold_data.folds, seconds)
    test = np.exp(log_price[:, len(frame) :].mean(axis=0))
    predictions = Predictions(fold_data.fold_of, predicted, test)
    return _named(baseline.name, baseline.what, score, accuracy), predictions


def _cross_validate_book(project: Project, frame: pd.DataFrame) -> TrainedBaseline:
    """Run the book's program on folds of its own."""
    begin = time.perf_counter()
    book = run_book(project, seed=0)
    seconds = time.perf_counter() - begin
    price = frame[TARGET].to_numpy()
    score = score_folds(book.out_of_fold, price, book.folds, seconds)
    predictions = Predictions(fold_numbers(book.folds), book.out_of_fold, book.test)
    return _named("book", "section 3.16 as printed", score), predictions


def _named(
    name: str, what: str, score: Score, accuracy: float | None = None
) -> BaselineScore:
    return BaselineScore(name=name, what=what, accuracy=accuracy, **score._asdict())
