"""The machine's limit: products of large matrices of float32, and nothing else."""

import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits

SIZE, _TIMES = 2048, 5


def rate(threads: int) -> float:
    """Floating-point operations a second, the best of several products.

    By the faster of the two libraries that numpy and torch bring.
    """
    torch.set_num_threads(threads)
    left, right = torch.randn(2, SIZE, SIZE)
    with threadpool_limits(threads):
        seconds = min(
            _best(lambda: torch.mm(left, right)),
            _best(lambda: np.matmul(left.numpy(), right.numpy())),
        )
    return 2 * SIZE**3 / seconds


def _best(product: Callable[[], object]) -> float:
    product()  # the first call makes threads and finds memory
    seconds = []
    for _ in range(_TIMES):
        begin = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)
