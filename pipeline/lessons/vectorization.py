# %% [markdown]
r"""
# Array operations compared with Python loops

A Python loop has the interpreter's overhead for every element; an operation on whole
arrays has it once. Watch the ratio of the two times.

Section 3.1 of the book as first published.
"""

# %%
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor

from pipeline.ames.d2l_columns import ID, TARGET
from pipeline.ames.table import ames
from pipeline.core.paths import Project, nearest_project
from pipeline.data.raw import read_train
from pipeline.lessons.show import Published, compare, picture, seen

# %% tags=["parameters"]
SIZES: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
SEED = 0
ROOT: Path | None = None  # the project's folder; None searches it

# %% [markdown]
"""
## Adding two vectors

Element by element, and at once.
"""


# %%
def add_elements(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of two vectors, computed element by element."""
    total = torch.zeros(len(a))
    for i in range(len(a)):
        total[i] = a[i] + b[i]
    return total


def add_at_once(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of two vectors, computed by one operation."""
    return a + b


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


# %% [markdown]
"""
## Guess

How many times as long does the loop take for 1,000 numbers: (a) about 10 times, (b)
about 100 times, (c) more than 1,000 times?
"""

# %%
if __name__ == "__main__":
    generator = torch.Generator().manual_seed(SEED)
    times = []  # of the loop and of one operation
    for n in SIZES:
        a = torch.randn(n, generator=generator)
        b = torch.randn(n, generator=generator)
        times.append((seconds(add_elements, a, b), seconds(add_at_once, a, b)))
        print("adding {:,} numbers: {:.2g} s, at once {:.2g} s".format(n, *times[-1]))

# %%
if __name__ == "__main__":
    title = "Adding two vectors: a loop against one operation"
    with picture("time", title, "numbers in each vector", "time (seconds)") as axes:
        loop, once = zip(*times, strict=True)
        axes.loglog(SIZES, loop, "o-", label="element by element")
        axes.loglog(SIZES, once, "o-", label="at once")

# %% [markdown]
"""
## Predicting the house prices

A linear model predicts the price of each house of the training rows from its numbers:
row by row, and by one product.
"""


# %%
def predict_each(X: Tensor, w: Tensor) -> Tensor:
    """Return X w, shape [n], computed row by row."""
    return torch.stack([house @ w for house in X])


def predict_at_once(X: Tensor, w: Tensor) -> Tensor:
    """Return X w, shape [n], computed by one product."""
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
    times.append((seconds(predict_each, X, w), seconds(predict_at_once, X, w)))

# %% [markdown]
"""
## Compared with the book

The book has two ratios for 1,000 elements. Times depend on the machine, and a larger
ratio supports the lesson better, so a tolerance has only a lower end: 10 for the book's
size, and 1 for the others.
"""

# %%
if __name__ == "__main__":
    names = [f"adding {n:,} numbers" for n in SIZES] + [f"predicting {len(X):,} prices"]
    published = {f"{name}: ratio": Published("above 1", 1.0) for name in names}
    published["adding 1,000 numbers: ratio"] = Published("24 and 246", 10.0)
    difference_name = "largest price difference ($)"
    published[difference_name] = Published("0", 0.0, 0.01)
    measured: dict[str, float | str] = {}
    for name, (loop_time, time) in zip(names, times, strict=True):
        measured[f"{name}: loop, at once"] = f"{loop_time:.2g} s, {time:.2g} s"
        measured[f"{name}: ratio"] = loop_time / time
    compare(published, measured | {difference_name: difference})
    ratio = measured[f"{names[0]}: ratio"]
    seen(f"The loop takes {ratio:,.0f} times as long for {SIZES[0]:,} numbers.")

# %% [markdown]
"""
## To try

- `python -m timeit -n 100 -s "import torch; a = torch.ones(1000)" "sum(a)"`: the time
  of a Python loop over 1,000 elements
- `python -m timeit -n 100 -s "import torch; a = torch.ones(1000)" "a.sum()"`: the time
  of one operation for the same sum
"""
