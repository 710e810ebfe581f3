"""The number of threads that torch and NumPy's products of matrices compute with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread within the block, then restore the number of threads.

    The rounding of sums depends on the number of threads. At these sizes a second
    thread saves little time, and it waits long on a busy machine.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(threads)


def use_one_thread() -> None:
    """Compute with one thread from now on: the parts of the work use all cores."""
    torch.set_num_threads(1)
    threadpool_limits(1, user_api="blas")
