"""Time and memory of one competitor in one setting, in a process of its own."""

import resource
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

from pipeline.bench.task import Setting, Task
from pipeline.core.paths import Project

T = TypeVar("T")

_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # in units of ru_maxrss


class Measured(NamedTuple):
    """Seconds without start-up; peak memory in MB, libraries and workers included.

    `error` is the mean validation error of the networks with the first λ, in standard
    deviations of the log price: it shows that they learn.
    """

    seconds: float
    peak_mb: float
    error: float


def apart(function: Callable[..., T], *arguments: object) -> T:
    """Call a function of this module in a new process, which ends with the call.

    What it needs is loaded there by name, and not here: on Linux a process also counts
    the peak memory of the one that started it.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def houses(project: Project) -> tuple[np.ndarray, np.ndarray]:
    """The inputs and the target of the houses of data/raw."""
    inputs, target = _load("dataset").load(project)
    return inputs, target


def sgemm_rate(cores: int) -> float:
    """The machine's floating-point operations a second, in products of matrices."""
    rate: float = _load("sgemm").rate(cores)
    return rate


def measure(module: str, task: Task, setting: Setting) -> Measured:
    """Train for an epoch to warm up, then in full; memory is that of this process."""
    train = _load(module).train
    train(replace(task, epochs=1), setting)
    begin = time.perf_counter()
    errors = train(task, setting)
    seconds = time.perf_counter() - begin
    return Measured(seconds, _peak_mb(setting.jobs), float(errors[0].mean()))


def _load(module: str) -> ModuleType:
    return import_module(f"pipeline.bench.{module}")


def _peak_mb(workers: int) -> float:
    """Of this process, and of worker processes if it has any: all as the largest."""
    get_reusable_executor().shutdown(wait=True)  # only those that ended are counted
    own, theirs = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return (own + workers * theirs) / _MEGABYTE
