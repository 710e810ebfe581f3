# %% [markdown]
r"""
# Which tensor operations share memory and which copy

Some operations return a view, which shares memory with its tensor; others copy. Watch
whether x changes when y, made from it, is changed.

When two tensors share memory, a change to one also changes the other. Each claim of the
original tutorial is run here and checked.

Section 2.2 of the first edition of the book (2019), 2.1 on d2l.ai today (edition 1.0).
"""

# %%
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.lessons.show import Row, Table, answer, letter, picture, seen, show

# %% [markdown]
"""
## How to tell

Two tensors share memory if their memory begins at the same address. `check` compares
the addresses; then it adds 10 to the new tensor, and looks whether the old one changed
too.
"""

# %%
Memory = Tensor | np.ndarray
SHARED, COPIED = "shared", "copied"


def address(memory: Memory) -> int:
    """Return the address of the memory, for part of a tensor that of the storage."""
    if isinstance(memory, Tensor):
        return memory.untyped_storage().data_ptr()
    return int(memory.ctypes.data)


def share_memory(old: Memory, new: Memory) -> bool:
    """Return whether the memory of both begins at the same address.

    >>> x = torch.arange(6.0).view(2, 3)
    >>> [share_memory(x, x[1]), share_memory(x, x[[1]]), share_memory(x, x.T)]
    [True, False, True]
    """
    return address(old) == address(new)


def changes_with(old: Memory, new: Memory) -> bool:
    """Add 10 to `new` in place, and return whether `old` changed too.

    >>> x = torch.arange(6.0).view(2, 3)
    >>> [changes_with(x, x[1]), changes_with(x, x.clone()), x[1, 0].item()]
    [True, False, 13.0]
    """
    before = old.tolist()
    new += 10
    return bool(old.tolist() != before)


def check(code: str, claim: str, old: Memory, new: Memory) -> Row:
    """Return whether `new`, which a line made of `old`, is shared or copied."""
    shared, changed = share_memory(old, new), changes_with(old, new)
    measured = SHARED if shared else COPIED
    effect = "the old one changed" if changed else "the old one is as before"
    holds = (measured == claim) and changed == shared
    return Row(code, claim, f"{measured}, {effect}", inside=holds)


# %% [markdown]
"""
## Indexing and reshaping

**Guess 1.** How many of these five share memory with x: x[0], x[[0]], x[x > 0], x.T and
x.view(3, 1)?
"""

# %%
if __name__ == "__main__":
    x = torch.arange(6.0).view(2, 3)
    v = torch.arange(3.0)
    rows = [
        check("y = x[0]; y += 10", SHARED, x, x[0]),
        check("y = x[[0]]; y += 10", COPIED, x, x[[0]]),
        check("y = x[x > 0]; y += 10", COPIED, v, v[v > 0]),
        check("y = x.T; y += 10", SHARED, x, x.T),
        check("y = x.view(3, 1); y += 10", SHARED, v, v.view(3, 1)),
        check("y = x.clone().view(3, 1); y += 10", COPIED, v, v.clone().view(3, 1)),
    ]

# %% [markdown]
"""
## Updating y

**Guess 2.** Which line makes a new tensor: (a) `y[:] = x + y`, (b) `y += x`,
(c) `y = x + y`?
"""

# %%
if __name__ == "__main__":
    x, old = torch.ones(2, 3)
    y = old
    y = x + y
    rows.append(check("y = x + y", COPIED, old, y))

    y = old
    y[:] = x + y
    rows.append(check("y[:] = x + y", SHARED, old, y))

    y = old
    y += x
    rows.append(check("y += x", SHARED, old, y))

    rows.append(check("torch.add(x, y, out=y)", SHARED, y, torch.add(x, y, out=y)))

# %% [markdown]
"""
## To NumPy and back

**Guess 3.** Which shares the memory of an array a: (a) `torch.from_numpy(a)`,
(b) `torch.tensor(a)`, (c) both, (d) neither?
"""

# %%
if __name__ == "__main__":
    x, a = torch.ones(3), np.ones(3)
    rows += [
        check("a = x.numpy(); a += 1", SHARED, x, x.numpy()),
        check("x = torch.from_numpy(a); x += 1", SHARED, a, torch.from_numpy(a)),
        check("x = torch.tensor(a); x += 1", COPIED, a, torch.tensor(a)),
    ]

# %% [markdown]
"""
## Broadcasting, item, and the gradient through clone
"""

# %%
if __name__ == "__main__":
    added = (torch.tensor([[1, 2]]) + torch.tensor([[1], [2], [3]])).tolist()
    number = torch.tensor([3.5]).item()
    x = torch.ones(3, requires_grad=True)
    (5 * x.clone().view(3, 1)).sum().backward()
    gradient = None if x.grad is None else x.grad.tolist()

    expected = "[[2, 3], [3, 4], [4, 5]]"
    code = "[[1, 2]] + [[1], [2], [3]]"
    values = [Row(code, expected, str(added), inside=str(added) == expected)]
    code, text = "torch.tensor([3.5]).item()", f"{number!r}, a {type(number).__name__}"
    values.append(Row(code, "a Python number", text, inside=text == "3.5, a float"))
    code, text = "(5 * x.clone().view(3, 1)).sum().backward()", f"x.grad = {gradient}"
    reached = gradient == [5, 5, 5]
    values.append(Row(code, "the gradient reaches x", text, inside=reached))
    show(Table([*rows, *values]))

# %% [markdown]
"""
## How much memory is new

A copy needs memory of its own; what shares memory needs none. `x[x > 0]` makes three
tensors: the mask, with a byte per number; the positions of the numbers that are kept,
two integers of eight bytes each; and the copy of these numbers.
"""


# %%
def new_memory(side: int) -> dict[str, float]:
    """Return the memory in MB that operations on side² numbers allocate.

    It is the size of what they make, without what shares the memory of an operand.
    """
    x, y = torch.ones(2, side, side)
    mask = x > 0
    made: dict[str, Sequence[Memory]] = {
        "x[0]": [x[0]],
        "x.view(-1)": [x.view(-1)],
        "x.T": [x.T],
        "x.numpy()": [x.numpy()],
        "torch.add(x, y, out=y)": [torch.add(x, y, out=y)],
        "x[x > 0]": [mask, mask.nonzero(), x[mask]],
        "x.clone()": [x.clone()],
        "x + y": [x + y],
        "torch.tensor(x.numpy())": [torch.tensor(x.numpy())],
    }
    old, sizes = {address(x), address(y)}, {}
    for code, memory in made.items():
        sizes[code] = sum(new.nbytes for new in memory if address(new) not in old)
    return {code: size / 2**20 for code, size in sizes.items()}


# %%
if __name__ == "__main__":
    memory = new_memory(1024)
    title = "Memory that an operation allocates, for x of 4 MB"
    with picture("memory", title, "MB", "") as axes:
        bars = axes.barh([*memory], [*memory.values()], color="#6baed6")
        texts = [
            f"{size:g} MB, a copy" if size else "shared" for size in memory.values()
        ]
        axes.bar_label(bars, texts, padding=6)
        axes.invert_yaxis()
        axes.margins(x=0.3)

# %%
if __name__ == "__main__":
    n = sum(str(row.measured).startswith(SHARED) for row in rows)
    seen(
        f"Of {len(rows)} operations {n} share memory and {len(rows) - n} copy.",
        "Indexing with a number is a view; with a list or a mask it is a copy.",
    )

# %%
if __name__ == "__main__":
    shared = {row.quantity: str(row.measured).startswith(SHARED) for row in rows}
    views = [code for code in [*shared][:5] if shared[code]]
    names = [code.split(";")[0] for code in views]
    answer(1, float(len(views)), f"These do: {', '.join(names)}.")

    lines = ("y[:] = x + y", "y += x", "y = x + y")
    made = [line for line in lines if not shared[line]]
    right = letter(lines[0] in made, lines[1] in made)
    answer(2, right, f"New memory: {', '.join(made) or 'none'}.")

    calls = ("x = torch.from_numpy(a); x += 1", "x = torch.tensor(a); x += 1")
    first, second = (shared[call] for call in calls)
    right = letter(first and not second, second and not first, first and second)
    names = [call.split(";")[0] for call in calls if shared[call]]
    answer(3, right, f"Sharing a's memory: {', '.join(names) or 'none'}.")

# %% [markdown]
"""
## To try

- `python -c "import torch; x = torch.zeros(2, 3); x[0][1] = 5; x[[0]][0, 1] = 7;
  print(x)"`: only one of the two assignments changes x; say first which
- `python -c "import torch; x = torch.zeros(2, 3); print(x.T.is_contiguous());
  x.T.view(6)"`: ends in an error: `view` never copies, and here it would have to
"""
