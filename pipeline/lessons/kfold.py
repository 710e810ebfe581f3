"""K-fold cross-validation (section 3.11): each row is predicted by a fit without it.

The second half of the lesson on model selection: it chooses the degree of a polynomial
from the training rows alone, and shows the effect of more training rows.
"""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.lessons.charts import Line, Lines, Mark
from pipeline.validation.folds import make_folds

FOLDS = 5
DEGREES = range(1, 16)
SIZES = (8, 10, 12, 15, 20, 30, 50, 70, 100)
ERROR_AXIS = "mean squared error (log scale)"


class Errors(NamedTuple):
    """Mean squared errors on training and validation rows, averaged over the folds.

    `standard_error` is that of `valid`, from its standard deviation over the folds.
    """

    train: float
    valid: float
    standard_error: float


def powers(x: Tensor, degree: int) -> Tensor:
    """Return the columns x, x², …, shape [n, degree], for x of shape [n, 1]."""
    return x ** torch.arange(1, degree + 1)


def errors(x: Tensor, y: Tensor, degree: int, seed: int) -> Errors:
    """Return the training and K-fold errors of a polynomial fitted by least squares.

    SGD would need a different learning rate for each degree.
    """
    x, y = x.double(), y.double()
    X = torch.cat([torch.ones_like(x), powers(x, degree)], 1)
    X = X / X.norm(dim=0)  # because x¹⁵ reaches millions
    train, valid = [], []
    for fold in make_folds(len(X), FOLDS, seed):
        w = torch.linalg.lstsq(X[fold.train], y[fold.train]).solution
        squares = (X @ w - y) ** 2
        train.append(squares[fold.train].mean().item())
        valid.append(squares[fold.valid].mean().item())
    standard_error = statistics.stdev(valid) / FOLDS**0.5
    return Errors(statistics.mean(train), statistics.mean(valid), standard_error)


def simplest(candidates: Sequence[Errors]) -> int:
    """Return the index of the first candidate within one standard error of the best.

    This is the one-standard-error rule of Breiman et al., Classification and Regression
    Trees, section 3.4.3. The lowest error alone chooses degree 3 for 40 of 60 data sets
    and a higher degree for the others; this rule chooses 3 for 188 of 200.
    """
    best = min(candidates, key=lambda errors: errors.valid)
    limit = best.valid + best.standard_error
    return next(i for i, errors in enumerate(candidates) if errors.valid <= limit)


def degree_chart(by_degree: Sequence[Errors], best: int) -> Lines:
    """Return a chart of both errors by degree, with the chosen degree marked."""
    mark = Mark(
        DEGREES[best], by_degree[best].valid, f"K-fold chooses degree {DEGREES[best]}"
    )
    return Lines(
        "degree",
        "K-fold error rises for high degrees; training error does not",
        "degree of the polynomial",
        ERROR_AXIS,
        _lines(DEGREES, by_degree),
        mark=mark,
        log_y=True,
    )


def size_chart(by_size: Sequence[Errors], degree: int) -> Lines:
    """Return a chart of both errors by the number of training rows."""
    return Lines(
        "size",
        f"With more rows, both errors converge (degree {degree})",
        "training rows (log scale)",
        ERROR_AXIS,
        _lines(SIZES, by_size),
        log_x=True,
        log_y=True,
    )


def _lines(x: Sequence[float], measured: Sequence[Errors]) -> list[Line]:
    return [
        Line("train", x, [errors.train for errors in measured]),
        Line(f"{FOLDS}-fold", x, [errors.valid for errors in measured]),
    ]
