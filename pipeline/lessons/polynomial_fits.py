"""The fits of the lesson on model selection: published losses, comparisons, chart."""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.lessons.charts import Line, Lines
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.kfold import powers
from pipeline.lessons.result import Measurement, around, scale_around
from pipeline.lessons.training import Learner

EPOCHS = 100
N_TRAIN = 100
TRUE_W, TRUE_B = (1.2, -3.4, 5.6), 5.0


class Case(NamedTuple):
    """A fit of section 3.11, with its printed losses on training and test rows.

    `decades` are the standard deviations of log10 of the losses over 200 draws; None
    where they are so large that one published draw says nothing.
    """

    name: str
    degree: int
    rows: int
    losses: tuple[float, float]
    decades: tuple[float, float] | None


class Fit(NamedTuple):
    """A fitted polynomial, and its losses on training and test rows."""

    learner: Learner
    train: float
    test: float


CASES = (
    Case("cubic", 3, N_TRAIN, (1.0e-4, 9.8e-5), (0.18, 0.29)),
    Case("straight line", 1, N_TRAIN, (249, 168), (0.30, 0.28)),
    Case("two rows", 3, 2, (1.20, 166), None),
)
CUBIC = (1.198, -3.399, 5.600, 5.001)  # the printed w and b
SPREADS = (0.011, 0.0033, 0.0041, 0.0034)  # standard deviations over 200 draws


def compare(
    config: LessonConfig, fits: Mapping[Case, Sequence[Fit]]
) -> list[Measurement]:
    """Compare the medians over the draws with the book's one draw."""
    measurements = _compare_coefficients(config, fits[CASES[0]])
    for case in CASES:
        measurements += _compare_losses(config, case, fits[case])
    *_, two_rows = CASES
    ratio = statistics.median(fit.test / fit.train for fit in fits[two_rows])
    low = config.tolerance((3.0, float("inf")), book=EPOCHS)
    name = f"{two_rows.name}: test loss / train loss"
    return [*measurements, Measurement(name, "138", ratio, low)]


def sentence(case: Case, fits: Sequence[Fit]) -> str:
    """Return the median losses of a case."""
    train, test = (_median(fits, part) for part in ("train", "test"))
    return (
        f"{case.name}: train loss {train:.3g}, test loss {test:.3g}, medians of "
        f"{len(fits)} draws"
    )


def range_sentence(fits: Mapping[Case, Sequence[Fit]]) -> str:
    """Return a sentence about how much the test losses differ between draws."""
    ranges = [
        f"{min(losses):.3g} to {max(losses):.3g} ({case.name})"
        for case, own in fits.items()
        for losses in [[fit.test for fit in own]]
    ]
    return f"One draw says little: the test loss is {', '.join(ranges)}."


def chart(impl: str, fits: Mapping[Case, Sequence[Fit]], x: Tensor, y: Tensor) -> Lines:
    """Return a chart of the first draw's training rows and its three fits."""
    x, y = x[:N_TRAIN], y[:N_TRAIN]
    grid = torch.linspace(x.min().item(), x.max().item(), 100).view(-1, 1)
    curves = [
        Line(
            case.name,
            grid.flatten().tolist(),
            own[0].learner.predict(powers(grid, case.degree)).flatten().tolist(),
        )
        for case, own in fits.items()
    ]
    dots = Line("training rows", x.flatten().tolist(), y.flatten().tolist(), dots=True)
    title = f"Three fits of a cubic, one draw ({impl})"
    return Lines("fits", title, "x", "y", [dots, *curves])


def _median(fits: Sequence[Fit], part: str) -> float:
    losses: list[float] = [getattr(fit, part) for fit in fits]
    return statistics.median(losses)


def _compare_losses(
    config: LessonConfig, case: Case, fits: Sequence[Fit]
) -> list[Measurement]:
    parts = ("train", "test")
    intervals = [
        None if decades is None else scale_around(loss, decades=decades)
        for loss, decades in zip(case.losses, case.decades or (None, None), strict=True)
    ]
    return config.compare(
        [f"{case.name}: {part} loss" for part in parts],
        case.losses,
        [_median(fits, part) for part in parts],
        intervals,
        book=EPOCHS,
    )


def _compare_coefficients(
    config: LessonConfig, fits: Sequence[Fit]
) -> list[Measurement]:
    drawn = []
    for fit in fits:
        W, b = fit.learner.parameters
        drawn.append([*W.flatten().tolist(), b.item()])
    medians = [statistics.median(values) for values in zip(*drawn, strict=True)]
    true = dict(zip(("x", "x²", "x³", "b"), (*TRUE_W, TRUE_B), strict=True))
    names = [f"cubic: {symbol} (true {value:g})" for symbol, value in true.items()]
    intervals = [
        around(number, value, spread=spread)
        for number, value, spread in zip(CUBIC, true.values(), SPREADS, strict=True)
    ]
    return config.compare(names, CUBIC, medians, intervals, book=EPOCHS)
