"""The ladder: each lesson's model on the houses, on the same folds, up to our default.

Every rung but the book's own reads the same encoded columns and learns the same
target, the standardised log price, so that a rung shows what its model alone buys.
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
from pipeline.validation.cross_validate import (
    CrossValidation,
    Predictions,
    Score,
    score_folds,
)
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import fold_numbers

BANDS = 10
HIDDEN = 128
EPOCHS, BATCH_SIZE, LR = 100, 64, 0.03
DECAY = 0.02  # of SGD, which makes it the L2 penalty of the lesson
RATE = 0.2  # of dropout


class Task(NamedTuple):
    """One fold: encoded training rows, their target, and all rows to answer for.

    Shapes: X [train rows, d_in]; z [train rows, 1], the standardised log price; every
    [rows + test rows, d_in].
    """

    X: Tensor
    z: Tensor
    every: Tensor
    generator: torch.Generator


class Answer(NamedTuple):
    """The standardised log price of all rows, [rows + test rows].

    Where it came from price bands: the likeliest band of each row, and their edges.
    """

    z: Tensor
    band: Tensor | None = None
    edges: Tensor | None = None


class Rung(NamedTuple):
    """A model of the ladder, and what is new in it."""

    name: str
    what: str
    fit: Callable[[Task], Answer]


class Step(NamedTuple):
    """A rung that was climbed: its score, and what it predicts."""

    name: str
    what: str
    score: Score
    accuracy: float | None
    predictions: Predictions


def climb(project: Project, frame: pd.DataFrame, best: CrossValidation) -> list[Step]:
    """Train rung after rung on the folds of `best`, our default, which is the last."""
    steps = [_step(rung, frame, best.encoded) for rung in RUNGS]
    steps.insert(BOOK_PLACE, _book_step(project, frame))
    score = best.scores[best.best]
    steps.append(Step("train", "our default", score, None, best.predictions))
    return steps


def mean_price(task: Task) -> Answer:
    """The mean log price of the training rows, for any house."""
    return Answer(torch.zeros(len(task.every)) + task.z.mean())


def linear_scratch(task: Task) -> Answer:
    """Section 3.2."""
    d_in = task.X.shape[1]
    return _answer(
        linear_regression.scratch(d_in, lr=0.003, generator=task.generator), task
    )


def linear_torch(task: Task) -> Answer:
    """Section 3.3; its loss has no ½, so half the rate takes the same steps."""
    d_in = task.X.shape[1]
    return _answer(
        linear_regression.with_torch(d_in, lr=0.0015, generator=task.generator), task
    )


def softmax_bands(task: Task) -> Answer:
    """Section 3.6: bands of equally many houses; the answer is the expected price."""
    edges = task.z.quantile(torch.linspace(0, 1, BANDS + 1)[1:-1])
    band = torch.bucketize(task.z.squeeze(1), edges)
    # Where many houses cost the same, a band may have none.
    means = [task.z[band == each].mean() for each in range(BANDS)]
    middle = torch.stack(means).nan_to_num()
    learner = softmax_regression.scratch(
        task.X.shape[1], BANDS, lr=0.01, generator=task.generator
    )
    scores = _train(learner, task, band)
    chances = softmax_regression.log_softmax(scores).exp()
    return Answer(chances @ middle, scores.argmax(1), edges)


def mlp_scratch(task: Task) -> Answer:
    """Section 3.9."""
    sizes, generator = _sizes(task), task.generator
    learner = mlp.scratch(sizes, loss=squared_loss, lr=LR, generator=generator)
    return _answer(learner, task)


def mlp_torch(task: Task) -> Answer:
    """Section 3.10."""
    return _answer(_torch_mlp(task), task)


def mlp_weight_decay(task: Task) -> Answer:
    """Section 3.12's penalty, on weights and not on biases."""
    learner = _torch_mlp(task)
    weights, biases = learner.parameters[::2], learner.parameters[1::2]
    optimizer = torch.optim.SGD(
        [
            {"params": weights, "weight_decay": DECAY},
            {"params": biases, "weight_decay": 0.0},
        ],
        LR,
    )
    return _answer(replace(learner, optimizer=optimizer), task)


def mlp_dropout(task: Task) -> Answer:
    """Section 3.13."""
    sizes, generator = _sizes(task), task.generator
    learner = dropout.scratch(
        sizes, (RATE,), loss=squared_loss, lr=LR, generator=generator
    )
    return _answer(learner, task)


RUNGS = (
    Rung("mean-price", "the same price for all", mean_price),
    Rung("linear-scratch", "a weight for each column", linear_scratch),
    Rung("linear-torch", "the same by torch", linear_torch),
    Rung("softmax-bands", "ten price bands", softmax_bands),
    Rung("mlp-scratch", "a hidden layer", mlp_scratch),
    Rung("mlp-torch", "the same by torch", mlp_torch),
    Rung("mlp-weight-decay", "with weight decay", mlp_weight_decay),
    Rung("mlp-dropout", "with dropout instead", mlp_dropout),
)
BOOK_PLACE = 3  # after the linear models, which it is one of


def _sizes(task: Task) -> tuple[int, int, int]:
    return task.X.shape[1], HIDDEN, 1


def _torch_mlp(task: Task) -> Learner:
    return mlp.with_torch(
        _sizes(task), loss=squared_loss, lr=LR, generator=task.generator
    )


def _answer(learner: Learner, task: Task) -> Answer:
    return Answer(_train(learner, task, task.z).squeeze(1))


def _train(learner: Learner, task: Task, target: Tensor) -> Tensor:
    """Train on the fold's rows, then answer for all."""
    for _ in train(
        learner,
        task.X,
        target,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        generator=task.generator,
    ):
        pass
    return learner.predict(task.every)


def _step(rung: Rung, frame: pd.DataFrame, encoded: FoldData) -> Step:
    """Climb a rung: fit it in every fold, predict what the fold never saw."""
    begin = time.perf_counter()
    rows = len(frame)
    log_price = np.empty((len(encoded.folds), encoded.targets.shape[1]))
    hits = []
    for number, fold in enumerate(encoded.folds):
        inputs, z = encoded.inputs.of_fold(number), encoded.targets[number]
        generator = torch.Generator().manual_seed(number)
        train_rows = torch.from_numpy(fold.train)
        task = Task(inputs[train_rows], z[train_rows, None], inputs, generator)
        answer = rung.fit(task)
        scaled = answer.z.double().numpy() * encoded.deviation[number]
        log_price[number] = scaled + encoded.mean[number]
        if answer.band is not None and answer.edges is not None:
            valid = torch.from_numpy(fold.valid)
            hits.append(torch.bucketize(z[valid], answer.edges) == answer.band[valid])
    fold_of = fold_numbers(encoded.folds)
    out_of_fold = np.exp(log_price[fold_of, np.arange(rows)])
    accuracy = torch.cat(hits).float().mean().item() if hits else None
    seconds = time.perf_counter() - begin
    score = score_folds(out_of_fold, frame[TARGET].to_numpy(), encoded.folds, seconds)
    test = np.exp(log_price[:, rows:].mean(axis=0))
    predictions = Predictions(fold_of, out_of_fold, test)
    return Step(rung.name, rung.what, score, accuracy, predictions)


def _book_step(project: Project, frame: pd.DataFrame) -> Step:
    begin = time.perf_counter()
    book = run_book(project, seed=0)
    seconds = time.perf_counter() - begin
    price = frame[TARGET].to_numpy()
    score = score_folds(book.out_of_fold, price, book.folds, seconds)
    what = "section 3.16 as printed"
    predictions = Predictions(fold_numbers(book.folds), book.out_of_fold, book.test)
    return Step("book", what, score, None, predictions)
