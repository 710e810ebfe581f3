"""The machine's limit: products of large matrices of float32, and nothing else."""

import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits

SIZE, _TIMES = 2048, 5


def rate(cores: int) -> float:
    """Floating-point operations a second, the best of several products.

    By one core and by all, and by each of the libraries that numpy and torch bring.
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
    product()  # the first call makes threads and finds memory
    seconds = []
    for _ in range(_TIMES):
        begin = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)
