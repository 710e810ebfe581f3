"""Whether tensors and arrays share memory, and how much memory operations allocate."""

import numpy as np
import torch
from torch import Tensor

from pipeline.lessons.charts import Bars

Memory = Tensor | np.ndarray
SHARED, COPIED = "shared", "copied"


def is_shared(old: Memory, new: Memory) -> bool:
    """Return whether two tensors or arrays use the same memory."""
    return _address(old) == _address(new)


def observed(old: Memory, new: Memory, changed: bool) -> str:
    """Return whether memory is shared, and whether the old tensor changed too."""
    what = SHARED if is_shared(old, new) else COPIED
    return f"{what}, the old one {'changed' if changed else 'is as before'}"


def memory(side: int = 1024) -> Bars:
    """Return a chart of the memory that operations on side² numbers allocate, in MB."""
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
    new = [
        0 if is_shared(x, result) or is_shared(y, result) else result.nbytes / 2**20
        for result in results.values()
    ]
    texts = [f"{size:g} MB, a copy" if size else "none: shared" for size in new]
    title = f"Memory that an operation allocates, for x of {x.nbytes / 2**20:g} MB"
    return Bars("memory", title, "MB", [*results], new, texts)


def _address(memory: Memory) -> int:
    """Return the address of the memory, for part of a tensor that of the storage."""
    if isinstance(memory, Tensor):
        return memory.untyped_storage().data_ptr()
    return memory.ctypes.data
