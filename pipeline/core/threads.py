"""Call a function many times, in threads."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_threads(
    function: Callable[..., T], arguments: Iterable[tuple[Any, ...]], jobs: int
) -> list[T]:
    """Call a function with each of the arguments, taken as threads get free."""
    from joblib import Parallel, delayed  # .1 s, and few commands need it

    parallel = Parallel(n_jobs=jobs, backend="threading", pre_dispatch="n_jobs")
    return list(parallel(delayed(function)(*each) for each in arguments))
