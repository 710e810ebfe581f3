"""Replicas, and the random seed of each."""

from itertools import product
from typing import NamedTuple

import numpy as np

from pipeline.core.settings import Settings


class Replica(NamedTuple):
    """A fold, and the number of a network within it."""

    fold: int
    seed: int


def replicas_of(settings: Settings) -> list[Replica]:
    """Return all (fold, seed) pairs, ordered by fold and then by seed."""
    return [
        Replica(*pair) for pair in product(range(settings.folds), range(settings.seeds))
    ]


def replica_seed(seed: int, replica: tuple[int, int]) -> int:
    """Return the random seed of a (fold, seed) pair, the same for every candidate."""
    state = np.random.SeedSequence([seed, *replica])
    return int(state.generate_state(1, np.uint64)[0] >> 1)
