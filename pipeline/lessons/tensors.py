"""Tensors (section 2.2): which operations share memory and which copy.

When two tensors share memory, a change to one also changes the other. Each claim of the
original tutorial is run here and checked.
"""

from collections.abc import Iterator

import numpy as np
import torch

from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import Claim, LessonOutcome
from pipeline.lessons.tensor_memory import (
    COPIED,
    SHARED,
    Memory,
    is_shared,
    memory,
    observed,
)


def run(_: LessonConfig) -> LessonOutcome:
    """Check every claim, and draw the memory that operations allocate."""
    sharing = [*views(), *updates(), *arrays()]
    shared = [each for each in sharing if each.measured.startswith(SHARED)]
    seen = [
        f"Of {len(sharing)} operations {len(shared)} share memory and "
        f"{len(sharing) - len(shared)} copy.",
        "Indexing with a number is a view; with a list or a mask it is a copy.",
    ]
    return LessonOutcome([*sharing, *values()], [memory()], seen)


def views() -> Iterator[Claim]:
    """Check what shares memory: numbers as indices and `view`, but not lists."""
    x = torch.arange(6.0).view(2, 3)
    y = x[0]
    y += 10
    yield _sharing("y = x[0]; y += 10", x, y, x[0].tolist() == [10, 11, 12])

    x = torch.arange(6.0).view(2, 3)
    y = x[[0]]
    y += 10
    yield _copying("y = x[[0]]; y += 10", x, y, x[0].tolist() == [0, 1, 2])

    x = torch.arange(3.0)
    y = x[x > 0]
    y += 10
    yield _copying("y = x[x > 0]; y += 10", x, y, x.tolist() == [0, 1, 2])

    x = torch.arange(6.0).view(2, 3)
    y = x.T
    y[0, 0] = 10
    yield _sharing("y = x.T; y[0, 0] = 10", x, y, x[0, 0].item() == 10)

    x = torch.arange(3.0)
    y = x.view(3, 1)
    y[0, 0] = 10
    yield _sharing("y = x.view(3, 1); y[0, 0] = 10", x, y, x[0].item() == 10)

    x = torch.arange(3.0)
    y = x.clone().view(3, 1)
    y[0, 0] = 10
    code = "y = x.clone().view(3, 1); y[0, 0] = 10"
    yield _copying(code, x, y, x[0].item() == 0)


def updates() -> Iterator[Claim]:
    """Check `y = x + y`, which makes a new tensor, and three in-place updates of y."""
    x, y = torch.ones(3), torch.ones(3)
    before = y
    y = x + y
    yield _copying("y = x + y", before, y, before.tolist() == [1, 1, 1])

    x, y = torch.ones(3), torch.ones(3)
    before = y
    y[:] = x + y
    yield _sharing("y[:] = x + y", before, y, before.tolist() == [2, 2, 2])

    x, y = torch.ones(3), torch.ones(3)
    before = y
    y += x
    yield _sharing("y += x", before, y, before.tolist() == [2, 2, 2])

    x, y = torch.ones(3), torch.ones(3)
    total = torch.add(x, y, out=y)
    yield _sharing("torch.add(x, y, out=y)", y, total, y.tolist() == [2, 2, 2])


def arrays() -> Iterator[Claim]:
    """Check NumPy conversions, which share memory, and `torch.tensor`, which copies."""
    x = torch.ones(3)
    a = x.numpy()
    a += 1
    yield _sharing("a = x.numpy(); a += 1", x, a, x.tolist() == [2, 2, 2])

    a = np.ones(3)
    x = torch.from_numpy(a)
    x += 1
    yield _sharing("x = torch.from_numpy(a); x += 1", a, x, a.tolist() == [2, 2, 2])

    a = np.ones(3)
    x = torch.tensor(a)
    x += 1
    yield _copying("x = torch.tensor(a); x += 1", a, x, a.tolist() == [1, 1, 1])


def values() -> Iterator[Claim]:
    """Check broadcasting, `item`, and the gradient through `clone`."""
    total = (torch.tensor([[1, 2]]) + torch.tensor([[1], [2], [3]])).tolist()
    expected = [[2, 3], [3, 4], [4, 5]]
    code = "[[1, 2]] + [[1], [2], [3]]"
    yield Claim(code, str(expected), str(total), total == expected)

    number = torch.tensor([3.5]).item()
    is_number = isinstance(number, float) and number == 3.5
    measured = f"{number!r}, a {type(number).__name__}"
    yield Claim("torch.tensor([3.5]).item()", "a Python number", measured, is_number)

    x = torch.ones(3, requires_grad=True)
    (5 * x.clone().view(3, 1)).sum().backward()  # type: ignore[no-untyped-call]
    gradient = None if x.grad is None else x.grad.tolist()
    code = "(5 * x.clone().view(3, 1)).sum().backward()"
    measured = f"x.grad = {gradient}"
    yield Claim(code, "the gradient reaches x", measured, gradient == [5, 5, 5])


def _sharing(code: str, old: Memory, new: Memory, changed: bool) -> Claim:
    holds = changed and is_shared(old, new)
    return Claim(code, SHARED, observed(old, new, changed), holds)


def _copying(code: str, old: Memory, new: Memory, unchanged: bool) -> Claim:
    holds = unchanged and not is_shared(old, new)
    return Claim(code, COPIED, observed(old, new, not unchanged), holds)
