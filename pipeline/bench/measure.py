"""Measure the time and memory of one competitor in a process of its own."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib import import_module
from multiprocessing import get_context
from types import ModuleType
from typing import NamedTuple, TypeVar

import numpy as np
from joblib.externals.loky import get_reusable_executor

from pipeline.bench.task import BenchmarkTask, Parallelism, Split
from pipeline.core.errors import UserError
from pipeline.core.paths import Project

T = TypeVar("T")

_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # in units of ru_maxrss


class Measured(NamedTuple):
    """Seconds without start-up; peak memory in MB, including libraries and workers.

    `error` shows that the networks learn: the mean validation error of those with the
    first λ, in standard deviations of the log price.
    """

    seconds: float
    peak_mb: float
    error: float


def apart(function: Callable[..., T], *arguments: object) -> T:
    """Call a function of this module in a new process, which ends with the call.

    That process imports what it needs by name; it is not imported here, since on Linux
    the peak memory of a process includes that of its parent.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def load_data(project: Project) -> tuple[np.ndarray, np.ndarray, list[Split]]:
    """Return the inputs, the target and the folds of data/raw.

    Raises:
        UserError: data/raw is missing or invalid, or memory cannot be measured here.
    """
    _peak_mb(workers=0)  # fail before anything is trained
    inputs, target, folds = _import("dataset").load(project)
    return inputs, target, folds


def sgemm_rate(cores: int) -> float:
    """Return the machine's rate of matrix products, in floating-point operations/s."""
    rate: float = _import("sgemm").rate(cores)
    return rate


def measure(module: str, task: BenchmarkTask, parallelism: Parallelism) -> Measured:
    """Train for one epoch to warm up, then measure the full training."""
    train = _import(module).train
    train(replace(task, epochs=1), parallelism)
    begin = time.perf_counter()
    errors = train(task, parallelism)
    seconds = time.perf_counter() - begin
    return Measured(seconds, _peak_mb(parallelism.jobs), float(errors[0].mean()))


def _import(module: str) -> ModuleType:
    return import_module(f"pipeline.bench.{module}")


def _peak_mb(workers: int) -> float:
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
