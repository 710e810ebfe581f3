"""K-fold cross-validation (section 3.11): each row is predicted by a fit without it.

The second half of the lesson on model selection: it chooses the degree of a polynomial
from the training rows alone, and shows the effect of more training rows.
"""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.core.progress import announce
from pipeline.lessons.charts import Band, Level, Line, Lines, Mark
from pipeline.validation.folds import make_folds

FOLDS = 5
DEGREES = range(1, 16)
SIZES = (8, 10, 12, 15, 20, 30, 50, 70, 100)
ERROR_AXIS = "mean squared error (log scale)"
FLOOR = Level(0.01**2, "variance of the noise")


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
    Trees, section 3.4.3. The lowest error alone chooses degree 3 for 40 of 60 draws
    and a higher degree for the others; this rule chooses 3 for 188 of 200.
    """
    best = min(candidates, key=lambda errors: errors.valid)
    limit = best.valid + best.standard_error
    return next(i for i, errors in enumerate(candidates) if errors.valid <= limit)


class Choice(NamedTuple):
    """The degree that K-fold chooses in each draw, and all errors by degree."""

    degrees: list[int]
    by_degree: list[list[Errors]]


def choose(rows: Sequence[tuple[Tensor, Tensor]], n: int, seed: int) -> Choice:
    """Choose a degree by K-fold in each draw, from its first n rows."""
    announce(f"choosing the degree in {len(rows)} draws")
    draws = [
        [errors(x[:n], y[:n], degree, seed) for degree in DEGREES] for x, y in rows
    ]
    degrees = [DEGREES[simplest(candidates)] for candidates in draws]
    return Choice(degrees, [list(each) for each in zip(*draws, strict=True)])


def by_size(
    rows: Sequence[tuple[Tensor, Tensor]], degree: int, seed: int
) -> list[list[Errors]]:
    """Return the errors in each draw, by the number of training rows of `SIZES`."""
    return [[errors(x[:n], y[:n], degree, seed) for x, y in rows] for n in SIZES]


def degree_chart(by_degree: Sequence[Sequence[Errors]], best: int) -> Lines:
    """Return a chart of both errors by degree, with the chosen degree marked."""
    lines, bands = _lines(DEGREES, by_degree)
    mark = Mark(
        best,
        lines[1].y[DEGREES.index(best)],
        f"K-fold chooses degree {best} most often",
    )
    return Lines(
        "degree",
        f"Errors by degree: median of {len(by_degree[0])} draws, and 80 % of them",
        "degree of the polynomial",
        ERROR_AXIS,
        lines,
        mark=mark,
        level=FLOOR,
        bands=bands,
        log_y=True,
    )


def size_chart(by_size: Sequence[Sequence[Errors]], degree: int) -> Lines:
    """Return a chart of both errors by the number of training rows."""
    lines, bands = _lines(SIZES, by_size)
    return Lines(
        "size",
        f"Errors by rows (degree {degree}): median of {len(by_size[0])} draws, and "
        "80 % of them",
        "training rows (log scale)",
        ERROR_AXIS,
        lines,
        level=FLOOR,
        bands=bands,
        log_x=True,
        log_y=True,
    )


def _lines(
    x: Sequence[int], measured: Sequence[Sequence[Errors]]
) -> tuple[list[Line], list[Band]]:
    """Return the medians over the draws, and the bands from 10 to 90 % of the draws."""
    lines: list[Line] = []
    bands: list[Band] = []
    for part, label in (("train", "train"), ("valid", f"{FOLDS}-fold")):
        deciles = [
            statistics.quantiles([getattr(each, part) for each in draws], n=10)
            for draws in measured
        ]
        lines.append(Line(label, x, [each[4] for each in deciles]))
        low, high = [each[0] for each in deciles], [each[-1] for each in deciles]
        bands.append(Band(len(bands), low, high))
    return lines, bands
