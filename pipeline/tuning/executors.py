"""Executors: processes of this machine, or the workers of Dask.

Both are joblib's backends of these names. For batches of trials they are used as
executors and not through `joblib.Parallel`, which would wait for the slowest batch of
each round, or return the batches in an order that depends on timing.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psutil
from joblib import cpu_count
from joblib.externals.loky import get_reusable_executor

from pipeline.core.errors import UserError
from pipeline.network.cluster import connected
from pipeline.tuning.plan import Plan

_RESUME = "finished trials are kept; run the same command to resume"


@dataclass(frozen=True)
class Pool:
    """A pool of workers.

    `submit` runs a function on a worker and returns its future. `share` calls a
    function once, for many calls of `submit`: what it returns may be an argument of
    these. It is the result, or with Dask a future that stands for it.
    """

    submit: Callable[..., "Future[Any]"]
    jobs: int
    share: Callable[..., Any]


@contextmanager
def open_pool(plan: Plan) -> Iterator[Pool]:
    """Open the workers that a plan asks for, and close them when the block ends.

    Raises:
        UserError: Dask is not installed, no scheduler answers, it has no worker, a
            worker or the connection is lost, or processes cannot be started.
    """
    with _dask(plan) if plan.backend == "dask" else _loky(plan) as pool:
        yield pool


@contextmanager
def _loky(plan: Plan) -> Iterator[Pool]:
    jobs = plan.jobs or cpu_count()
    try:
        executor = get_reusable_executor(
            max_workers=jobs,
            timeout=None,  # workers that wait for others do not end
            initializer=_exit_with,
            initargs=(os.getpid(),),
        )
        with _sigint_blocked():
            executor.submit(os.getpid)  # the first call starts the workers
    except OSError as error:  # their locks are files in memory, as in /dev/shm
        raise UserError(
            f"processes cannot be started ({error.strerror}); free shared memory"
        ) from error
    try:
        yield Pool(executor.submit, jobs, lambda function, *args: function(*args))
    except BrokenExecutor as error:
        raise UserError(
            f"a worker was killed, perhaps out of memory: {_RESUME}"
        ) from error
    finally:
        # Nobody needs what still trains. Joblib shares the executor: later users expect
        # a new one.
        executor.shutdown(wait=True, kill_workers=True)


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT, for the workers that start in the block, and that inherit it.

    A terminal sends Ctrl-C to the workers too, and only this process reacts to it.
    Windows cannot block signals.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _exit_with(parent: int) -> None:
    """Exit this worker soon after its parent, which cannot stop it if it is killed."""

    def watch_parent() -> None:
        # On Windows, the parent's number does not change when the parent ends.
        while os.getppid() == parent and psutil.pid_exists(parent):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch_parent, daemon=True).start()


@contextmanager
def _dask(plan: Plan) -> Iterator[Pool]:
    with connected(plan.scheduler, _RESUME) as client:
        jobs = plan.jobs or sum(client.nthreads().values())
        executor = client.get_executor(pure=False)
        # If the worker with a result dies, Dask calls the function on another one.
        yield Pool(executor.submit, jobs, partial(client.submit, pure=False))
