"""The workers of a Dask cluster."""

import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING

from joblib import parallel_config

from pipeline.core.errors import UserError, how_to_install
from pipeline.network.threads import use_one_thread

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_SECONDS = 10  # time limit to reach a scheduler, and for its first worker


@contextmanager
def models_on(scheduler: str) -> Iterator[int]:
    """Let models be fitted on the workers of Dask; yield how many threads they have.

    Raises:
        UserError: As `connected`.
    """
    with connected(scheduler, "run the command again") as client:
        client.register_worker_callbacks(use_one_thread)  # as in this process
        with parallel_config("dask", client=client):
            yield sum(client.nthreads().values())


@contextmanager
def connected(scheduler: str | None, remedy: str) -> Iterator["Client"]:
    """Connect to a scheduler of Dask that has a worker.

    Raises:
        UserError: Dask is not installed, no scheduler answers, it has no worker, or a
            worker or the connection is lost.
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
