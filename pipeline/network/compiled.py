"""Compile a function of torch operations, so that it runs without Python's lock.

The parts of a stack train in threads. Between two operations a thread needs Python's
global interpreter lock (GIL), and waits for it while another thread has it: up to a
fifth of the time of small networks. TorchScript runs a whole loop of operations
without it. They are the same operations in the same order, so the numbers are the same
to the last bit.
"""

import warnings
from collections.abc import Callable
from threading import Lock
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")

_compiling = Lock()  # the filter of warnings belongs to all threads


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function, compiled; itself where torch cannot compile it.

    TorchScript is deprecated without a successor that needs no compiler. The day that
    torch drops it, training is slower and gives the same numbers.
    """
    with _compiling, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            script: Callable[P, T] = torch.jit.script(function)
        except Exception:  # torch has many reasons
            return function
        return script
