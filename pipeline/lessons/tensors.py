"""Tensors (section 2.2): which operations share memory, and which copy.

Two tensors that share memory are one set of numbers under two names: write to one and
the other changes. Each claim of the seed is run here and judged by what happened.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from pipeline.lessons.charts import Bars
from pipeline.lessons.config import Setting
from pipeline.lessons.result import Claim, StageResult

Memory = Tensor | np.ndarray


def run(_: Setting) -> StageResult:
    """Run every claim, and draw what a result does not share."""
    return StageResult([*shapes(), *numbers(), *sums(), *arrays()], [memory()])


def shapes() -> Iterator[Claim]:
    """A part, or another shape, of a tensor is the same numbers; a clone's is not."""
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
    """A tensor of one becomes a number; shapes that differ are stretched to agree."""
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
    """`y = x + y` gives the name y to a new tensor; three other spellings fill y."""
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
    """Tensors and NumPy arrays lend each other their memory; `torch.tensor` copies."""
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

    # NOTE: the seed excepts CharTensor (int8); torch has since learnt to convert it.
    x = torch.ones(3, dtype=torch.int8)
    a = x.numpy()
    a += 1
    yield _sharing("a = x.numpy(), x of int8; a += 1", x, a, x.tolist() == [2, 2, 2])


def memory(side: int = 1024) -> Bars:
    """The memory of results that no operand lends them, for a million numbers."""
    x, y = torch.ones(2, side, side)
    results: dict[str, Memory] = {
        "x[0]": x[0],
        "x.clone()": x.clone(),
        "x + y": x + y,
        "torch.add(x, y, out=y)": torch.add(x, y, out=y),
        "torch.tensor(x.numpy())": torch.tensor(x.numpy()),
    }
    lent = (_address(x), _address(y))
    own = [0 if _address(r) in lent else r.nbytes / 2**20 for r in results.values()]
    return Bars("memory", "New memory of a result", "MB", [*results], own, [0.0] * 5)


def _sharing(code: str, old: Memory, new: Memory, followed: bool) -> Claim:
    same = _address(old) == _address(new)
    return Claim(code, "shares memory", _observed(old, new), same and followed)


def _copying(code: str, old: Memory, new: Memory, unmoved: bool) -> Claim:
    same = _address(old) == _address(new)
    return Claim(code, "new memory", _observed(old, new), unmoved and not same)


def _observed(old: Memory, new: Memory) -> str:
    return f"old {old.tolist()} at {_address(old):#x}, new at {_address(new):#x}"


def _address(memory: Memory) -> int:
    """Where the numbers begin: of the whole storage, for a part of a tensor."""
    if isinstance(memory, Tensor):
        return memory.untyped_storage().data_ptr()
    return memory.ctypes.data
