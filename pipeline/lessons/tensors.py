"""Tensors (section 2.2): which operations share memory and which copy.

When two tensors share memory, a change to one also changes the other. Each claim of the
original tutorial is run here and checked.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from pipeline.lessons.charts import Bars
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.result import Claim, LessonOutcome

Memory = Tensor | np.ndarray


def run(_: LessonConfig) -> LessonOutcome:
    """Check every claim, and draw the memory that operations allocate."""
    return LessonOutcome([*shapes(), *numbers(), *sums(), *arrays()], [memory()])


def shapes() -> Iterator[Claim]:
    """Check indexing and `view`, which share memory, and `clone`, which copies."""
    x = torch.arange(6.0).view(2, 3)
    y = x[0]
    y += 10
    yield _sharing("y = x[0]; y += 10", x, y, x[0].tolist() == [10, 11, 12])

    x = torch.arange(3.0)
    y = x.view(3, 1)
    y[0, 0] = 10
    yield _sharing("y = x.view(3, 1); y[0, 0] = 10", x, y, x[0].item() == 10)

    x = torch.arange(3.0)
    y = x.clone().view(3, 1)
    y[0, 0] = 10
    code = "y = x.clone().view(3, 1); y[0, 0] = 10"
    yield _copying(code, x, y, x[0].item() == 0)

    x = torch.ones(3, requires_grad=True)
    (5 * x.clone().view(3, 1)).sum().backward()  # type: ignore[no-untyped-call]
    gradient = None if x.grad is None else x.grad.tolist()
    yield Claim(
        "(5 * x.clone().view(3, 1)).sum().backward()",
        "the gradient reaches x",
        f"x.grad is {gradient}",
        gradient == [5, 5, 5],
    )


def numbers() -> Iterator[Claim]:
    """Check `item`, which returns a Python number, and broadcasting."""
    number = torch.tensor([3.5]).item()
    yield Claim(
        "torch.tensor([3.5]).item()",
        "a Python number",
        f"{number!r}, a {type(number).__name__}",
        isinstance(number, float) and number == 3.5,
    )

    total = (torch.tensor([[1, 2]]) + torch.tensor([[1], [2], [3]])).tolist()
    expected = [[2, 3], [3, 4], [4, 5]]
    code = "[[1, 2]] + [[1], [2], [3]]"
    yield Claim(code, str(expected), str(total), total == expected)


def sums() -> Iterator[Claim]:
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

    # NOTE: the original tutorial excludes CharTensor (int8); torch converts it today.
    x = torch.ones(3, dtype=torch.int8)
    a = x.numpy()
    a += 1
    yield _sharing("a = x.numpy(), x of int8; a += 1", x, a, x.tolist() == [2, 2, 2])


def memory(side: int = 1024) -> Bars:
    """Return a chart of the memory that operations on side² numbers allocate, in MB."""
    x, y = torch.ones(2, side, side)
    results: dict[str, Memory] = {
        "x[0]": x[0],
        "x.clone()": x.clone(),
        "x + y": x + y,
        "torch.add(x, y, out=y)": torch.add(x, y, out=y),
        "torch.tensor(x.numpy())": torch.tensor(x.numpy()),
    }
    shared = (_address(x), _address(y))
    new = [0 if _address(r) in shared else r.nbytes / 2**20 for r in results.values()]
    return Bars("memory", "Memory allocated by each operation", "MB", [*results], new)


def _sharing(code: str, old: Memory, new: Memory, changed: bool) -> Claim:
    same = _address(old) == _address(new)
    return Claim(code, "shares memory", _observed(old, new), same and changed)


def _copying(code: str, old: Memory, new: Memory, unchanged: bool) -> Claim:
    same = _address(old) == _address(new)
    return Claim(code, "new memory", _observed(old, new), unchanged and not same)


def _observed(old: Memory, new: Memory) -> str:
    return f"old {old.tolist()} at {_address(old):#x}, new at {_address(new):#x}"


def _address(memory: Memory) -> int:
    """Return the address of the memory, for part of a tensor that of the storage."""
    if isinstance(memory, Tensor):
        return memory.untyped_storage().data_ptr()
    return memory.ctypes.data
