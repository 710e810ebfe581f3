"""Cut a stack of candidates × replicas into parts that train in parallel."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def even_cut(candidates: int, replicas: int, jobs: int) -> tuple[int, int]:
    """Return into how many pieces to cut candidates and replicas, for `jobs` jobs.

    The largest part is as small as possible. A part has at least two replicas, since
    torch multiplies a single matrix by another routine, which rounds differently. Of
    equally good cuts, the one with the fewest pieces of candidates is returned, since
    each of these gathers the batches of its replicas again.
    """
    cuts = [
        (across, max(1, min(jobs // across, replicas // 2)))
        for across in range(1, min(candidates, jobs) + 1)
    ]
    return min(cuts, key=lambda cut: -(-candidates // cut[0]) * -(-replicas // cut[1]))


def pieces(items: Sequence[T], number: int) -> list[Sequence[T]]:
    """Cut a sequence into pieces whose lengths differ by at most one."""
    cuts = [len(items) * piece // number for piece in range(number + 1)]
    return [items[begin:end] for begin, end in pairwise(cuts)]


def joined(parts: Sequence[np.ndarray], down: int) -> np.ndarray:
    """Join the arrays [candidates, replicas, ...] of all parts into one.

    `parts` has, for each piece of the candidates in turn, the `down` pieces of the
    replicas.
    """
    rows = [parts[start : start + down] for start in range(0, len(parts), down)]
    return np.concatenate([np.concatenate(row, 1) for row in rows], 0)
