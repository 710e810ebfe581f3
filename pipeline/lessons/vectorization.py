# %% [markdown]
r"""
# Array operations compared with Python loops

A Python loop has the interpreter's overhead for every element; an operation on whole
arrays has it once. Watch the times of a loop over lists, of a loop over the elements of
tensors, and of one operation.

Section 3.1 of the first edition of the book (2019), 3.1 on d2l.ai today (edition 1.0).
"""

# %%
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import torch
from torch import Tensor

from pipeline.ames.d2l_columns import ID, TARGET
from pipeline.ames.table import ames
from pipeline.core.paths import Project, nearest_project
from pipeline.data.raw import read_train
from pipeline.lessons.show import Published, answer, compare, letter, picture, seen

# %% tags=["parameters"]
SIZES: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
SEED = 0
ROOT: Path | None = None  # the project's folder; None searches it

# %% [markdown]
"""
## Adding two vectors

With lists, element by element, and at once. The book's loop is the second one: it reads
and writes elements of tensors. Each element that it reads becomes a tensor of its own.
"""


# %%
def add_lists(a: list[float], b: list[float]) -> list[float]:
    """Return the sum of two vectors that are lists, by a loop."""
    return [x + y for x, y in zip(a, b, strict=True)]


def add_elements(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of two vectors, computed element by element.

    >>> add_elements(torch.tensor([1.0, 2, 3]), torch.tensor([4, -1, 0.5]))
    tensor([5.0000, 1.0000, 3.5000])
    """
    total = torch.zeros(len(a))
    for i in range(len(a)):
        total[i] = a[i] + b[i]
    return total


def add_at_once(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of two vectors, computed by one operation.

    >>> add_at_once(torch.tensor([1.0, 2, 3]), torch.tensor([4, -1, 0.5]))
    tensor([5.0000, 1.0000, 3.5000])
    """
    return a + b


Vector = TypeVar("Vector")


def seconds(
    operation: Callable[[Vector, Vector], Vector], a: Vector, b: Vector
) -> float:
    """Return the shortest time of an operation, which is repeated for 0.02 seconds."""
    best, spent = float("inf"), 0.0
    while spent < 0.02:
        start = perf_counter()
        operation(a, b)
        took = perf_counter() - start
        best, spent = min(best, took), spent + took
    return best


# %% [markdown]
"""
**Guess 1.** Which loop takes longer for 1,000 numbers: (a) that over lists, (b) that
over the elements of tensors, (c) neither takes twice as long as the other?

**Guess 2.** How many times as long as one operation does the loop over the elements of
tensors take: (a) less than 10 times, (b) 10 to 1,000 times, (c) more?
"""

# %%
if __name__ == "__main__":
    generator = torch.Generator().manual_seed(SEED)
    times = []  # of lists, of elements, and at once
    for n in SIZES:
        a = torch.randn(n, generator=generator)
        b = torch.randn(n, generator=generator)
        lists = seconds(add_lists, a.tolist(), b.tolist())
        times.append((lists, seconds(add_elements, a, b), seconds(add_at_once, a, b)))
        line = (
            "adding {:,} numbers: lists {:.2g} s, elements {:.2g} s, at once {:.2g} s"
        )
        print(line.format(n, *times[-1]))

# %%
if __name__ == "__main__":
    title = "Adding two vectors: two loops and one operation"
    with picture("time", title, "numbers in each vector", "time (seconds)") as axes:
        labels = "lists", "elements of tensors", "at once"
        for curve, label in zip(zip(*times, strict=True), labels, strict=True):
            axes.loglog(SIZES, curve, "o-", label=label)

# %% [markdown]
"""
## Predicting the house prices

A linear model predicts the price of each house of the training rows from its numbers:
row by row, and by one product.
"""


# %%
def predict_each(X: Tensor, w: Tensor) -> Tensor:
    """Return X w, shape [n], computed row by row.

    >>> X = torch.tensor([[1.0, 2], [3, 4], [0, 5]])
    >>> predict_each(X, torch.tensor([0.5, -1]))
    tensor([-1.5000, -2.5000, -5.0000])
    """
    return torch.stack([house @ w for house in X])


def predict_at_once(X: Tensor, w: Tensor) -> Tensor:
    """Return X w, shape [n], computed by one product.

    >>> X = torch.tensor([[1.0, 2], [3, 4], [0, 5]])
    >>> predict_at_once(X, torch.tensor([0.5, -1]))
    tensor([-1.5000, -2.5000, -5.0000])
    """
    return X @ w


def houses(project: Project) -> tuple[Tensor, Tensor]:
    """Return the training houses' standardised numbers with a one, and the prices.

    Shapes: [houses, columns + 1] and [houses].
    """
    frame = read_train(project.raw / "train.csv", ames())
    columns = frame.drop(columns=[ID, TARGET]).select_dtypes("number").fillna(0)
    numbers = torch.tensor(columns.to_numpy())
    deviation = numbers.std(0).clamp(min=1e-9)
    standardised = (numbers - numbers.mean(0)) / deviation
    X = torch.cat([standardised, torch.ones(len(numbers), 1)], 1)
    return X, torch.tensor(frame[TARGET].to_numpy())


# %%
if __name__ == "__main__":
    X, prices = houses(Project(ROOT) if ROOT else nearest_project())
    w = torch.linalg.lstsq(X, prices).solution
    difference = (predict_each(X, w) - predict_at_once(X, w)).abs().max().item()
    by_row, at_once = seconds(predict_each, X, w), seconds(predict_at_once, X, w)

# %% [markdown]
"""
## Compared with the book

The book's loop over the elements of two tensors takes 24 times as long as one operation
for 1,000 numbers in one run, and 246 times in another. Times depend on the machine, so
they have no tolerance. How the ratio changes with the size does too.
"""

# %%
if __name__ == "__main__":
    price = "largest price difference, row by row and at once ($)"
    published = {price: Published("", 0.0, 0.01)}
    published["adding 1,000 numbers: elements / at once"] = Published("24 and 246")
    measured: dict[str, float | str] = {}
    for n, (lists_time, elements_time, time) in zip(SIZES, times, strict=True):
        measured[f"adding {n:,} numbers: lists / at once"] = lists_time / time
        measured[f"adding {n:,} numbers: elements / at once"] = elements_time / time
    measured[f"predicting {len(X):,} prices: rows / at once"] = by_row / at_once
    compare(published, measured | {price: difference})
    loops = [time / times[0][2] for time in times[0][:2]]
    seen(
        f"For {SIZES[0]:,} numbers one operation takes {times[0][2]:.1g} s. The loop "
        "over lists takes {:,.0f} times as long, and that over the elements of tensors "
        "{:,.0f} times.".format(*loops)
    )

# %%
if __name__ == "__main__":
    lists_time, elements_time, time = times[0]
    why = f"Over lists: {lists_time:.2g} s. Over tensors: {elements_time:.2g} s."
    right = letter(lists_time > 2 * elements_time, elements_time > 2 * lists_time)
    answer(1, right, why)
    ratio = elements_time / time
    answer(
        2, letter(ratio < 10, ratio <= 1000), f"It takes {ratio:,.0f} times as long."
    )

# %% [markdown]
"""
## To try

- `python -m timeit -n 100 -s "a = [1.0] * 1000" "sum(a)"`: the time of a sum over a
  list
- `python -m timeit -n 100 -s "import torch; a = torch.ones(1000)" "sum(a)"`: the time
  of the same sum over the elements of a tensor; `a.sum()` is the one operation
"""
