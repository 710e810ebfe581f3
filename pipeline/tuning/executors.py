"""Executors: processes of this machine, or the workers of Dask.

Both are joblib's backends of these names. For batches of trials they are used as
executors and not through `joblib.Parallel`, which would wait for the slowest batch of
each round, or return the batches in an order that depends on timing.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil
from joblib import cpu_count, parallel_config
from joblib.externals.loky import get_reusable_executor

from pipeline.core.errors import UserError, how_to_install
from pipeline.network.threads import use_one_thread
from pipeline.tuning.plan import Plan

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_SECONDS = 10  # time limit to reach a scheduler, and for its first worker
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
            max_workers=jobs, initializer=_exit_with, initargs=(os.getpid(),)
        )
    except OSError as error:  # their locks are files in memory, as in /dev/shm
        raise UserError(
            f"processes cannot be started ({error.strerror}); free shared memory"
        ) from error
    running: set[Future[Any]] = set()
    try:
        start = _submit_without_sigint(executor)

        def submit(*call: Any) -> "Future[Any]":  # noqa: ANN401
            future = start(*call)
            running.add(future)
            future.add_done_callback(running.discard)
            return future

        yield Pool(submit, jobs, lambda function, *args: function(*args))
    except BrokenExecutor as error:
        raise UserError(
            f"a worker was killed, perhaps out of memory: {_RESUME}"
        ) from error
    finally:
        # Nobody needs what still trains. Joblib shares the executor: later users expect
        # a new one.
        executor.shutdown(wait=True, kill_workers=bool(running))


def _submit_without_sigint(executor: Executor) -> Callable[..., "Future[Any]"]:
    """Return a `submit` that blocks SIGINT while it starts new workers.

    A terminal sends Ctrl-C to the workers too. They inherit the blocked signal, so only
    this process reacts to it. Windows cannot block signals.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return executor.submit

    def submit(*call: Any) -> "Future[Any]":  # noqa: ANN401
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return executor.submit(*call)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    return submit


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
    with _connected(plan.scheduler, _RESUME) as client:
        jobs = plan.jobs or sum(client.nthreads().values())
        executor = client.get_executor(pure=False)
        # If the worker with a result dies, Dask calls the function on another one.
        yield Pool(executor.submit, jobs, partial(client.submit, pure=False))


@contextmanager
def models_on(scheduler: str) -> Iterator[int]:
    """Let models be fitted on the workers of Dask; yield how many threads they have.

    Raises:
        UserError: As `open_pool`, for Dask.
    """
    with _connected(scheduler, "run the command again") as client:
        client.register_worker_callbacks(use_one_thread)  # as in this process
        with parallel_config("dask", client=client):
            yield sum(client.nthreads().values())


@contextmanager
def _connected(scheduler: str | None, remedy: str) -> Iterator["Client"]:
    """Connect to a scheduler of Dask that has a worker.

    Raises:
        UserError: As `open_pool`, for Dask.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise UserError(
            "--backend dask: dask is not installed; "
            f"{how_to_install('distributed>=2025.1')}"
        ) from None
    # A lost connection is reported below, in one line.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    option = f"--scheduler {scheduler}"
    try:
        client = Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{option}: no Dask scheduler answers there") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except OSError as error:
            raise UserError(f"{option}: it has no worker; start one") from error
        try:
            yield client
        except KilledWorker as error:
            raise UserError(f"{option}: a task killed its workers: {remedy}") from error
        except (CancelledError, CommClosedError) as error:
            raise UserError(f"{option}: the connection was lost: {remedy}") from error
