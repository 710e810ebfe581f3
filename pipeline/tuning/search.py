"""The search loop: ask for batches of trials, train them, and tell their scores."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from pipeline.core.errors import UserError
from pipeline.core.progress import Step, announce
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.tuning.executors import Pool
from pipeline.tuning.halving import Rung, successive_halving
from pipeline.tuning.plan import Plan
from pipeline.tuning.study import FinishedTrial, Study, TrialBatch
from pipeline.validation.cross_validate import cross_validate
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import dataset_folds

BATCH_SIZE = 8  # trials per stack
BATCHES_PER_JOB = 2  # asked for in advance, so that no job waits for a slower one


class Progress(NamedTuple):
    """The state of a search: its finished trials, best first.

    `share` of its work is done, by the number of trials or by the time limit.
    """

    finished: list[FinishedTrial]
    total: int  # trials
    share: float
    step: Step = Step("searching")


class _Pending(NamedTuple):
    batch: TrialBatch
    future: "Future[list[list[Rung]]]"


def search(
    study: Study, dataset: Dataset, plan: Plan, pool: Pool
) -> Iterator[Progress]:
    """Run trials until there are enough or the time is up; yield after each batch.

    Batches are told in the order in which they were asked. So the same seed and number
    of jobs give the same trials, whichever batch ends first. If the search is
    interrupted, the trials that were told are kept.
    """
    submit = _submitter(dataset, plan.settings, pool)
    announce("starting the workers")
    pool.submit(_load).result()
    # The time that the workers need to start is not counted.
    clock = _Clock(plan, len(study.finished_trials()))
    pending: deque[_Pending] = deque()
    yield clock.progress(study.finished_trials())
    while True:
        while len(pending) < BATCHES_PER_JOB * pool.jobs and not clock.is_up():
            batch = study.next_batch(plan.trials, BATCH_SIZE)
            if batch is None:
                break
            pending.append(submit(batch))
        if not pending:
            return
        batch, future = pending.popleft()
        study.tell(batch, future.result())
        if clock.is_up():
            pending = deque(each for each in pending if not each.future.cancel())
        yield clock.progress(study.finished_trials())


def _submitter(
    dataset: Dataset, settings: Settings, pool: Pool
) -> Callable[[TrialBatch], _Pending]:
    """Return a function that sends a batch to the workers.

    The encoded rows are made once, and not sent with each batch.
    """
    actual = dataset.actual
    fold_data = pool.share(_encode, dataset, settings)

    def submit(batch: TrialBatch) -> _Pending:
        shape = replace(batch.settings[0], seeds=1)
        future = pool.submit(
            successive_halving, fold_data, actual, batch.candidates, shape
        )
        return _Pending(batch, future)

    return submit


def _load() -> None:
    """Do nothing: a worker that runs it has imported this module and torch."""


def _encode(dataset: Dataset, settings: Settings) -> FoldData:
    # Trials are scored on training rows only.
    dataset = replace(dataset, test=dataset.test.head(0))
    return FoldData.fit(dataset, dataset_folds(dataset, settings), settings)


def losses(
    dataset: Dataset,
    candidates: Sequence[Settings],
    pool: Pool,
    callback: Callable[[int, int], None],
) -> np.ndarray:
    """Cross-validate settings; return their losses, shape (candidates, rows).

    Those of a network that diverged are infinite.

    Args:
        dataset: the training and the test rows.
        candidates: the settings.
        pool: the workers.
        callback: called with the number of settings that are done, and of all.
    """
    callback(0, len(candidates))
    shared = pool.share(replace, dataset)
    futures = [pool.submit(_losses, shared, each) for each in candidates]
    found = []
    for future in futures:
        found.append(future.result())
        callback(len(found), len(futures))
    return np.stack(found)


def _losses(dataset: Dataset, settings: Settings) -> np.ndarray:
    torch.set_num_threads(1)
    try:
        result = cross_validate(dataset, settings, lambda *_: None, jobs=1)
    except UserError:  # every network diverged
        return np.full(len(dataset.train), np.inf)
    actual = dataset.actual
    return result.fold_data.metric.losses(result.predictions.out_of_fold, actual)


class _Clock:
    """The seconds of a search so far, and the share of its work that is done."""

    def __init__(self, plan: Plan, finished_before: int) -> None:
        self._plan, self._finished_before = plan, finished_before
        self._begin = time.monotonic()

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._begin

    def is_up(self) -> bool:
        """Return whether no new batch may start."""
        return self._plan.timeout is not None and self._elapsed >= self._plan.timeout

    def progress(self, finished: list[FinishedTrial]) -> Progress:
        """Return the progress; all processes that search add to it."""
        new = len(finished) - self._finished_before
        missing = self._plan.trials - self._finished_before
        share = new / missing if missing > 0 else 1.0
        if new and self._plan.timeout is not None:
            share = min(1.0, max(share, self._elapsed / self._plan.timeout))
        return Progress(finished, self._plan.trials, share)
