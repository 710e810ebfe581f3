"""Vectorization (section 3.1): say it of the whole array, not of each element.

A loop in Python pays the interpreter for every element; one operation on the array
pays once and runs the rest as compiled code.
"""

from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor

from pipeline.data.raw import read_train
from pipeline.data.schema import ID, TARGET
from pipeline.lessons.charts import Line, Lines
from pipeline.lessons.config import Setting
from pipeline.lessons.result import Row, StageResult

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Published for 1,000 elements: 24 and 246 times. Times are the machine's own, and a
# larger ratio makes the point better, so a band has a lower end alone: ten times where
# the book measured, else faster at all.
PUBLISHED = {1_000: "24 and 246"}
BOOK_BAND, ANY_BAND = (10.0, float("inf")), (1.0, float("inf"))


def add_elements(a: Tensor, b: Tensor) -> Tensor:
    """The sum, element by element."""
    total = torch.zeros(len(a))
    for i in range(len(a)):
        total[i] = a[i] + b[i]
    return total


def add_whole(a: Tensor, b: Tensor) -> Tensor:
    """The sum, at once."""
    return a + b


def predict_each(X: Tensor, w: Tensor) -> Tensor:
    """Prices [n] of houses [n, columns], house by house."""
    return torch.stack([house @ w for house in X])


def predict_whole(X: Tensor, w: Tensor) -> Tensor:
    """The same prices by one product."""
    return X @ w


def seconds(act: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> float:
    """How long an operation takes: the best of a few, or one that is long anyway."""
    best, spent = float("inf"), 0.0
    while spent < 0.02:
        start = perf_counter()
        act(a, b)
        took = perf_counter() - start
        best, spent = min(best, took), spent + took
    return best


def houses(setting: Setting) -> tuple[Tensor, Tensor]:
    """Numbers of the training houses, standardised, with a one; and the prices."""
    frame = read_train(setting.project.raw / "train.csv")
    columns = frame.drop(columns=[ID, TARGET]).select_dtypes("number").fillna(0)
    numbers = torch.tensor(columns.to_numpy())
    spread = numbers.std(0).clamp(min=1e-9)
    X = torch.cat(
        [(numbers - numbers.mean(0)) / spread, torch.ones(len(numbers), 1)], 1
    )
    return X, torch.tensor(frame[TARGET].to_numpy())


def run(setting: Setting) -> StageResult:
    """Time both ways, on made-up vectors and on the houses."""
    generator = setting.generator()
    slow, fast, rows = [], [], []
    for n in SIZES:
        a = torch.randn(n, generator=generator)
        b = torch.randn(n, generator=generator)
        slow.append(seconds(add_elements, a, b))
        fast.append(seconds(add_whole, a, b))
        rows += _rows(f"adding {n:,} numbers", slow[-1], fast[-1], PUBLISHED.get(n))
    X, prices = houses(setting)
    w = torch.linalg.lstsq(X, prices).solution
    gap = (predict_each(X, w) - predict_whole(X, w)).abs().max().item()
    each, whole = seconds(predict_each, X, w), seconds(predict_whole, X, w)
    rows += _rows(f"predicting {len(X):,} prices", each, whole, None)
    rows.append(Row("largest gap of the prices ($)", "0", gap, (0.0, 0.01)))
    chart = Lines(
        "time",
        "Adding two vectors: a loop against one operation",
        "numbers in each vector",
        "time (seconds)",
        [Line("element by element", SIZES, slow), Line("at once", SIZES, fast)],
        log_x=True,
        log_y=True,
    )
    return StageResult(rows, [chart])


def _rows(what: str, slow: float, fast: float, published: str | None) -> list[Row]:
    times = f"{slow:.2g} s, {fast:.2g} s"
    band = BOOK_BAND if published else ANY_BAND
    return [
        Row(f"{what}: loop, at once", "", times),
        Row(f"{what}: ratio", published or "above 1", slow / fast, band),
    ]
