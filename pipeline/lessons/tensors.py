# %% [markdown]
r"""
# Which tensor operations share memory and which copy

Some operations return a view, which shares memory with its tensor; others copy. Watch
whether x changes when y, made from it, is changed.

When two tensors share memory, a change to one also changes the other. Each claim of the
original tutorial is run here and checked.

Section 2.2 of the book as first published.
"""

# %%
import numpy as np
import torch
from torch import Tensor

from pipeline.lessons.show import Row, Table, picture, seen, show

# %% [markdown]
"""
## How to tell

Two tensors share memory if their memory begins at the same address. `check` compares
the addresses, and notes whether the old tensor changed together with the new one.
"""

# %%
Memory = Tensor | np.ndarray
SHARED, COPIED = "shared", "copied"


def address(memory: Memory) -> int:
    """Return the address of the memory, for part of a tensor that of the storage."""
    if isinstance(memory, Tensor):
        return memory.untyped_storage().data_ptr()
    return int(memory.ctypes.data)


def check(code: str, claim: str, old: Memory, new: Memory, changed: bool) -> Row:
    """Return whether a claim about a line of code holds.

    Args:
        code: The line.
        claim: SHARED or COPIED.
        old: The tensor or array before the line.
        new: The one that the line made.
        changed: Whether a change of the new one changed the old one too.
    """
    shared = address(old) == address(new)
    holds = (shared, changed) == (claim == SHARED, claim == SHARED)
    effect = "changed" if changed else "is as before"
    measured = f"{SHARED if shared else COPIED}, the old one {effect}"
    return Row(code, claim, measured, inside=holds)


# %% [markdown]
"""
## Indexing and reshaping

Guess for each pair of lines below whether x changes when y is changed.
"""

# %%
if __name__ == "__main__":
    rows = []

    x = torch.arange(6.0).view(2, 3)
    y = x[0]
    y += 10
    changed = x[0].tolist() == [10, 11, 12]
    rows.append(check("y = x[0]; y += 10", SHARED, x, y, changed))

    x = torch.arange(6.0).view(2, 3)
    y = x[[0]]
    y += 10
    changed = x[0].tolist() != [0, 1, 2]
    rows.append(check("y = x[[0]]; y += 10", COPIED, x, y, changed))

    x = torch.arange(3.0)
    y = x[x > 0]
    y += 10
    changed = x.tolist() != [0, 1, 2]
    rows.append(check("y = x[x > 0]; y += 10", COPIED, x, y, changed))

    x = torch.arange(6.0).view(2, 3)
    y = x.T
    y[0, 0] = 10
    changed = x[0, 0].item() == 10
    rows.append(check("y = x.T; y[0, 0] = 10", SHARED, x, y, changed))

    x = torch.arange(3.0)
    y = x.view(3, 1)
    y[0, 0] = 10
    changed = x[0].item() == 10
    rows.append(check("y = x.view(3, 1); y[0, 0] = 10", SHARED, x, y, changed))

    x = torch.arange(3.0)
    y = x.clone().view(3, 1)
    y[0, 0] = 10
    changed = x[0].item() != 0
    rows.append(check("y = x.clone().view(3, 1); y[0, 0] = 10", COPIED, x, y, changed))

# %% [markdown]
"""
## Updating y

`y = x + y` makes a new tensor. The three other lines change y in place.
"""

# %%
if __name__ == "__main__":
    x, y = torch.ones(3), torch.ones(3)
    before = y
    y = x + y
    rows.append(check("y = x + y", COPIED, before, y, before.tolist() != [1, 1, 1]))

    x, y = torch.ones(3), torch.ones(3)
    before = y
    y[:] = x + y
    rows.append(check("y[:] = x + y", SHARED, before, y, before.tolist() == [2, 2, 2]))

    x, y = torch.ones(3), torch.ones(3)
    before = y
    y += x
    rows.append(check("y += x", SHARED, before, y, before.tolist() == [2, 2, 2]))

    x, y = torch.ones(3), torch.ones(3)
    total = torch.add(x, y, out=y)
    changed = y.tolist() == [2, 2, 2]
    rows.append(check("torch.add(x, y, out=y)", SHARED, y, total, changed))

# %% [markdown]
"""
## To NumPy and back

`torch.tensor` copies. The two other conversions share memory.
"""

# %%
if __name__ == "__main__":
    x = torch.ones(3)
    a = x.numpy()
    a += 1
    changed = x.tolist() == [2, 2, 2]
    rows.append(check("a = x.numpy(); a += 1", SHARED, x, a, changed))

    a = np.ones(3)
    x = torch.from_numpy(a)
    x += 1
    changed = a.tolist() == [2, 2, 2]
    rows.append(check("x = torch.from_numpy(a); x += 1", SHARED, a, x, changed))

    a = np.ones(3)
    x = torch.tensor(a)
    x += 1
    changed = a.tolist() != [1, 1, 1]
    rows.append(check("x = torch.tensor(a); x += 1", COPIED, a, x, changed))

# %% [markdown]
"""
## Broadcasting, item, and the gradient through clone
"""

# %%
if __name__ == "__main__":
    added = (torch.tensor([[1, 2]]) + torch.tensor([[1], [2], [3]])).tolist()
    expected = [[2, 3], [3, 4], [4, 5]]
    values = [
        Row(
            "[[1, 2]] + [[1], [2], [3]]",
            str(expected),
            str(added),
            inside=added == expected,
        )
    ]

    number = torch.tensor([3.5]).item()
    measured, is_float = f"{number!r}, a {type(number).__name__}", type(number) is float
    code = "torch.tensor([3.5]).item()"
    values.append(Row(code, "a Python number", measured, inside=is_float))

    x = torch.ones(3, requires_grad=True)
    (5 * x.clone().view(3, 1)).sum().backward()
    gradient = None if x.grad is None else x.grad.tolist()
    code = "(5 * x.clone().view(3, 1)).sum().backward()"
    measured, reaches = f"x.grad = {gradient}", gradient == [5, 5, 5]
    values.append(Row(code, "the gradient reaches x", measured, inside=reaches))

    show(Table([*rows, *values]))

# %% [markdown]
"""
## How much memory is new

A copy needs memory of its own; what shares memory needs none.
"""


# %%
def new_memory(side: int) -> dict[str, float]:
    """Return the memory in MB of results of operations on side² numbers.

    It is 0 where a result shares the memory of an operand.
    """
    x, y = torch.ones(2, side, side)
    results: dict[str, Memory] = {
        "x[0]": x[0],
        "x.view(-1)": x.view(-1),
        "x.T": x.T,
        "x.numpy()": x.numpy(),
        "torch.add(x, y, out=y)": torch.add(x, y, out=y),
        "x[x > 0]": x[x > 0],
        "x.clone()": x.clone(),
        "x + y": x + y,
        "torch.tensor(x.numpy())": torch.tensor(x.numpy()),
    }
    old = {address(x), address(y)}
    return {
        code: 0 if address(result) in old else result.nbytes / 2**20
        for code, result in results.items()
    }


# %%
if __name__ == "__main__":
    memory = new_memory(1024)
    title = "Memory of the result of an operation, for x of 4 MB"
    with picture("memory", title, "MB", "") as axes:
        bars = axes.barh([*memory], [*memory.values()], color="#6baed6")
        texts = [
            f"{size:g} MB, a copy" if size else "shared" for size in memory.values()
        ]
        axes.bar_label(bars, texts, padding=6)
        axes.invert_yaxis()
        axes.margins(x=0.2)

# %%
if __name__ == "__main__":
    n = sum(str(row.measured).startswith(SHARED) for row in rows)
    seen(
        f"Of {len(rows)} operations {n} share memory and {len(rows) - n} copy.",
        "Indexing with a number is a view; with a list or a mask it is a copy.",
    )

# %% [markdown]
"""
## To try

- `python -c "import torch; x = torch.zeros(2, 3); x[0][1] = 5; x[[0]][0, 1] = 7;
  print(x)"`: only one of the two assignments changes x; say first which
- `python -c "import torch; x = torch.zeros(2, 3); print(x.T.is_contiguous());
  x.T.view(6)"`: ends in an error: `view` never copies, and here it would have to
"""
