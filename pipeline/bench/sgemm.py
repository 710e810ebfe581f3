"""The machine's limit: products of large float32 matrices."""

import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits

SIZE, _TIMES = 2048, 5


def rate(cores: int) -> float:
    """Return the highest rate of matrix products, in floating-point operations per s.

    It is measured with one thread and with one per core, in both torch and NumPy.
    """
    left, right = torch.randn(2, SIZE, SIZE)
    products: list[Callable[[], object]] = [
        lambda: torch.mm(left, right),
        lambda: np.matmul(left.numpy(), right.numpy()),
    ]
    seconds = []
    for threads in {1, cores}:
        torch.set_num_threads(threads)
        with threadpool_limits(threads):
            seconds += [_best(product) for product in products]
    return 2 * SIZE**3 / min(seconds)


def _best(product: Callable[[], object]) -> float:
    product()  # the first call starts threads and allocates memory
    seconds = []
    for _ in range(_TIMES):
        begin = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)
