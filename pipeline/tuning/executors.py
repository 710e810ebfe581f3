"""Where batches train: in processes of this machine, or on the workers of dask.

Both are joblib's backends of these names. They are used as executors and not through
`Parallel`, which would wait for the slowest batch of each round, or ask for the next
in an order that time decides.
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
from typing import Any

from joblib import cpu_count
from joblib.externals.loky import get_reusable_executor

from pipeline.core.errors import UserError
from pipeline.tuning.plan import Plan

_PATIENCE = 10  # seconds to wait for a scheduler, and for its first worker
_GO_ON = "finished trials are kept, and the same command goes on from there"


@dataclass(frozen=True)
class Pool:
    """Runs functions on some workers: `submit` does, and gives the future.

    `share` calls a function once and gives a stand-in for its result, to be passed on
    to `submit`, as an argument of its own, any number of times.
    """

    submit: Callable[..., "Future[Any]"]
    jobs: int
    share: Callable[..., Any]


@contextmanager
def open_pool(plan: Plan) -> Iterator[Pool]:
    """The workers that a plan asks for, until the block ends.

    Raises:
        UserError: dask is not installed, or has no scheduler there, or no worker.
    """
    with _dask(plan) if plan.backend == "dask" else _loky(plan) as pool:
        yield pool


@contextmanager
def _loky(plan: Plan) -> Iterator[Pool]:
    jobs = plan.jobs or cpu_count()
    executor = get_reusable_executor(
        max_workers=jobs, initializer=_end_with, initargs=(os.getpid(),)
    )
    try:
        yield Pool(
            _without_ctrl_c(executor), jobs, lambda function, *args: function(*args)
        )
    except BrokenExecutor as error:
        raise UserError(
            f"a worker was ended from outside, perhaps for want of memory: {_GO_ON}"
        ) from error
    except BaseException:
        # Nobody waits for the batches in training any more.
        executor.shutdown(wait=True, kill_workers=True)
        raise
    executor.shutdown(wait=True)  # it is joblib's one for all, which others expect new


def _without_ctrl_c(executor: Executor) -> Callable[..., "Future[Any]"]:
    """Submit so that workers which start meanwhile never see Ctrl-C, and we do after.

    A terminal sends it to them too, and they would complain.
    """

    def submit(*call: Any) -> "Future[Any]":  # noqa: ANN401
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return executor.submit(*call)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    return submit


def _end_with(parent: int) -> None:
    """Let this worker end soon after its parent: a killed one cannot stop it."""

    def callback() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=callback, daemon=True).start()


@contextmanager
def _dask(plan: Plan) -> Iterator[Pool]:
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise UserError(
            "--backend dask: dask is not installed; pip install '.[distributed]'"
        ) from None
    # What it would say of a lost connection, we say in one line.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    where = f"--scheduler {plan.scheduler}"
    try:
        client = Client(plan.scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{where}: no scheduler of dask answers there") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except OSError as error:
            raise UserError(f"{where}: it has no worker; start one") from error
        jobs = plan.jobs or sum(client.nthreads().values())
        try:
            executor = client.get_executor(pure=False)
            yield Pool(executor.submit, jobs, _share_with(client))
        except KilledWorker as error:
            raise UserError(f"{where}: a batch ended its workers: {_GO_ON}") from error
        except (CancelledError, CommClosedError) as error:
            raise UserError(f"{where}: the connection was lost: {_GO_ON}") from error


def _share_with(client: Any) -> Callable[..., Any]:  # noqa: ANN401
    """Let a worker call the function: if it dies with the result, another does."""
    return lambda function, *args: client.submit(function, *args, pure=False)
