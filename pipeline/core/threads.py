"""Call a function many times, in threads, or elsewhere if joblib is told so."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_threads(
    function: Callable[..., T],
    arguments: Iterable[tuple[Any, ...]],
    jobs: int,
    *,
    movable: bool = False,
) -> list[T]:
    """Call a function with each of the arguments, taken as threads get free.

    Args:
        function: what is called.
        arguments: of each call.
        jobs: the number of threads.
        movable: whether the calls go to the workers of a cluster where joblib has one
            as its backend. The function and its arguments must then be picklable.
    """
    from joblib import Parallel, delayed  # .1 s, and few commands need it

    where = {"prefer": "threads"} if movable else {"backend": "threading"}
    parallel = Parallel(n_jobs=jobs, pre_dispatch="n_jobs", **where)
    return list(parallel(delayed(function)(*each) for each in arguments))
