"""Vectorization (section 3.1): operate on whole arrays instead of single elements.

A Python loop has the interpreter's overhead for every element. An operation on the
array has it once and runs the loop in compiled code.
"""

from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor

from pipeline.ames.d2l_columns import ID, TARGET
from pipeline.ames.table import ames
from pipeline.core.progress import announce
from pipeline.data.raw import read_train
from pipeline.lessons.charts import Line, Lines
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import LessonOutcome, Measurement

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Ratios of the times published for 1,000 elements. Times depend on the machine, and a
# larger ratio supports the lesson better, so a tolerance has only a lower end: 10 for
# the book's size, and 1 for the others.
PUBLISHED = {1_000: "24 and 246"}
BOOK_TOLERANCE, ANY_TOLERANCE = (10.0, float("inf")), (1.0, float("inf"))


def add_elements(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of two vectors, computed element by element."""
    total = torch.zeros(len(a))
    for i in range(len(a)):
        total[i] = a[i] + b[i]
    return total


def add_at_once(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of two vectors, computed by one operation."""
    return a + b


def predict_each(X: Tensor, w: Tensor) -> Tensor:
    """Return X w, shape [n], computed row by row."""
    return torch.stack([house @ w for house in X])


def predict_at_once(X: Tensor, w: Tensor) -> Tensor:
    """Return X w, shape [n], computed by one product."""
    return X @ w


def seconds(
    operation: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor
) -> float:
    """Return the shortest time of an operation, which is repeated for 0.02 seconds."""
    best, spent = float("inf"), 0.0
    while spent < 0.02:
        start = perf_counter()
        operation(a, b)
        took = perf_counter() - start
        best, spent = min(best, took), spent + took
    return best


def houses(config: LessonConfig) -> tuple[Tensor, Tensor]:
    """Return the training houses' standardised numbers with a one, and the prices.

    Shapes: [houses, columns + 1] and [houses].
    """
    frame = read_train(config.project.raw / "train.csv", ames())
    columns = frame.drop(columns=[ID, TARGET]).select_dtypes("number").fillna(0)
    numbers = torch.tensor(columns.to_numpy())
    deviation = numbers.std(0).clamp(min=1e-9)
    standardised = (numbers - numbers.mean(0)) / deviation
    X = torch.cat([standardised, torch.ones(len(numbers), 1)], 1)
    return X, torch.tensor(frame[TARGET].to_numpy())


def run(config: LessonConfig) -> LessonOutcome:
    """Time loops and array operations on random vectors and on the house prices."""
    generator = config.generator()
    slow, fast, measurements = [], [], []
    for n in SIZES:
        announce(f"adding {n:,} numbers in a loop, and at once")
        a = torch.randn(n, generator=generator)
        b = torch.randn(n, generator=generator)
        slow.append(seconds(add_elements, a, b))
        fast.append(seconds(add_at_once, a, b))
        times = slow[-1], fast[-1]
        config.say("adding {:,} numbers: {:.2g} s, at once {:.2g} s".format(n, *times))
        measurements += _measurements(f"adding {n:,} numbers", *times, PUBLISHED.get(n))
    X, prices = houses(config)
    w = torch.linalg.lstsq(X, prices).solution
    difference = (predict_each(X, w) - predict_at_once(X, w)).abs().max().item()
    each, at_once = seconds(predict_each, X, w), seconds(predict_at_once, X, w)
    measurements += _measurements(f"predicting {len(X):,} prices", each, at_once, None)
    measurements.append(
        Measurement("largest price difference ($)", "0", difference, (0.0, 0.01))
    )
    chart = Lines(
        "time",
        "Adding two vectors: a loop against one operation",
        "numbers in each vector",
        "time (seconds)",
        [Line("element by element", SIZES, slow), Line("at once", SIZES, fast)],
        log_x=True,
        log_y=True,
    )
    ratios = [loop / once for loop, once in zip(slow, fast, strict=True)]
    seen = [
        f"The loop takes {ratios[0]:,.0f} times as long for {SIZES[0]:,} numbers, and "
        f"{ratios[-1]:,.0f} times for {SIZES[-1]:,}.",
    ]
    return LessonOutcome(measurements, [chart], seen)


def _measurements(
    what: str, slow: float, fast: float, published: str | None
) -> list[Measurement]:
    times = f"{slow:.2g} s, {fast:.2g} s"
    tolerance = BOOK_TOLERANCE if published else ANY_TOLERANCE
    ratio = slow / fast
    return [
        Measurement(f"{what}: loop, at once", "", times),
        Measurement(f"{what}: ratio", published or "above 1", ratio, tolerance),
    ]
