"""Measure the time and memory of competitors, in processes of their own."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from importlib import import_module
from multiprocessing import get_context
from types import ModuleType
from typing import Self, TypeVar

import numpy as np
from joblib.externals.loky import get_reusable_executor

from pipeline.bench.task import BenchmarkTask, Parallelism, Split
from pipeline.core.errors import UserError
from pipeline.core.paths import Project

T = TypeVar("T")

_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # in units of ru_maxrss


class Worker:
    """A new process that calls functions of this module, until the block ends.

    That process imports what it needs by name; it is not imported here, since on Linux
    the peak memory of a process includes that of its parent.
    """

    def __enter__(self) -> Self:
        """Make the process, which starts with the first call."""
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._pool.shutdown()

    def start(self, function: Callable[..., T], *arguments: object) -> "Future[T]":
        """Call a function in the process, and do not wait for its result."""
        return self._pool.submit(function, *arguments)

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call a function in the process, and wait for its result."""
        return self.start(function, *arguments).result()


def load_data(project: Project) -> tuple[np.ndarray, np.ndarray, list[Split]]:
    """Return the inputs, the target and the folds of data/raw.

    Raises:
        UserError: data/raw is missing or invalid, or memory cannot be measured here.
    """
    peak_mb(workers=0)  # fail before anything is trained
    inputs, target, folds = _import("dataset").load(project)
    return inputs, target, folds


def sgemm_rate(cores: int) -> float:
    """Return the machine's rate of matrix products, in floating-point operations/s."""
    rate: float = _import("sgemm").rate(cores)
    return rate


def warm_up(module: str, task: BenchmarkTask, parallelism: Parallelism) -> None:
    """Train for one epoch, so that libraries, threads and processes have started."""
    _import(module).train(replace(task, epochs=1), parallelism)


def measure(
    module: str, task: BenchmarkTask, parallelism: Parallelism
) -> tuple[float, float]:
    """Return the seconds of the training, and its error.

    The error is the mean validation error of the networks with the first λ, in standard
    deviations of the log price.
    """
    begin = time.perf_counter()
    errors = _import(module).train(task, parallelism)
    return time.perf_counter() - begin, float(errors[0].mean())


def default_train(project: Project) -> dict[str, float]:
    """Return the seconds of the default `train`, by model, and of all together."""
    seconds: dict[str, float] = _import("default_train").seconds(project)
    return seconds


def _import(module: str) -> ModuleType:
    return import_module(f"pipeline.bench.{module}")


def peak_mb(workers: int) -> float:
    """Return the peak memory of this process and its workers, in MB.

    Each worker is counted as the largest of them.

    Raises:
        UserError: the system does not tell it.
    """
    try:
        import resource  # noqa: PLC0415 - Unix only
    except ImportError:
        raise UserError(
            "bench measures peak memory, which needs Linux or macOS"
        ) from None
    get_reusable_executor().shutdown(wait=True)  # only ended workers are counted
    own, largest_worker = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return (own + workers * largest_worker) / _MEGABYTE
