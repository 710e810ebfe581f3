"""The search: batches are asked, trained on the workers, and told."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from pipeline.core.settings import Settings
from pipeline.data.schema import TARGET
from pipeline.tuning.executors import Pool
from pipeline.tuning.halving import Rung, successive_halving
from pipeline.tuning.plan import Plan
from pipeline.tuning.study import Batch, Study, Tried
from pipeline.validation.cross_validate import cross_validate
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import make_folds

BATCH = 8  # trials in a stack
AHEAD = 2  # batches asked for each job, so that none waits for a slower one


class Houses(NamedTuple):
    """Feature frames."""

    train: pd.DataFrame
    test: pd.DataFrame


class Found(NamedTuple):
    """How far a search has come: finished trials, best first, and seconds."""

    tried: list[Tried]
    wanted: int
    elapsed: float
    left: float | None
    doing: str = "searching"


class Confirmed(NamedTuple):
    """Pooled log-RMSE on fold seeds that took no part in the search, and its mean."""

    pooled: list[float]
    mean: float


class _Waiting(NamedTuple):
    batch: Batch
    future: "Future[list[list[Rung]]]"


def search(study: Study, houses: Houses, plan: Plan, pool: Pool) -> Iterator[Found]:
    """Try settings until there are trials enough, or time is up.

    Batches are told in the order they were asked, so that with the same seed and jobs
    the same trials are asked, whichever batch is done first. What is told is kept when
    the search is interrupted.
    """
    submit = _submitter(houses, plan.settings, pool)
    clock = _Clock(plan, len(study.tried()))  # the start of the workers is not counted
    waiting: deque[_Waiting] = deque()
    yield clock.found(study.tried())
    while True:
        while len(waiting) < AHEAD * pool.jobs and not clock.is_up():
            batch = study.next_batch(plan.trials, BATCH)
            if batch is None:
                break
            waiting.append(submit(batch))
        if not waiting:
            return
        batch, future = waiting.popleft()
        study.tell(batch, future.result())
        if clock.is_up():
            waiting = deque(each for each in waiting if not each.future.cancel())
        yield clock.found(study.tried())


def confirm(
    houses: Houses, contenders: Sequence[Settings], seeds: Sequence[int], pool: Pool
) -> list[Confirmed]:
    """Score each contender on the folds of each seed."""
    shared = pool.share(Houses, *houses)
    futures = [
        [pool.submit(_pooled, shared, replace(settings, seed=seed)) for seed in seeds]
        for settings in contenders
    ]
    scores = [[future.result() for future in own] for own in futures]
    return [Confirmed(each, float(np.mean(each))) for each in scores]


def _submitter(
    houses: Houses, settings: Settings, pool: Pool
) -> Callable[[Batch], _Waiting]:
    """Send a batch to the workers; the encoded rows are sent, or made there, once."""
    price = houses.train[TARGET].to_numpy()
    encoded = pool.share(_encode, houses, settings)

    def submit(batch: Batch) -> _Waiting:
        shape = replace(batch.settings[0], seeds=1)
        future = pool.submit(
            successive_halving, encoded, price, batch.candidates, shape
        )
        return _Waiting(batch, future)

    return submit


def _encode(houses: Houses, settings: Settings) -> FoldData:
    folds = make_folds(len(houses.train), settings.folds, settings.seed)
    nobody = houses.test.head(0)  # a trial is scored on training houses alone
    return FoldData.fit(houses.train, nobody, folds, settings.device)


def _pooled(houses: Houses, settings: Settings) -> float:
    torch.set_num_threads(1)
    result = cross_validate(*houses, settings, lambda *_: None, jobs=1)
    return result.scores[0].pooled


class _Clock:
    """The seconds of a search, and how many are left."""

    def __init__(self, plan: Plan, tried: int) -> None:
        self._plan, self._before = plan, tried
        self._begin = time.monotonic()

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._begin

    def is_up(self) -> bool:
        """Whether no batch may begin any more."""
        return self._plan.timeout is not None and self._elapsed >= self._plan.timeout

    def found(self, tried: list[Tried]) -> Found:
        """At the rate so far, which other processes on the study may help."""
        new = len(tried) - self._before
        missing = max(0, self._plan.trials - len(tried))
        left = self._elapsed / new * missing if new else None
        if left is not None and self._plan.timeout is not None:
            left = max(0.0, min(left, self._plan.timeout - self._elapsed))
        return Found(tried, self._plan.trials, self._elapsed, left)
