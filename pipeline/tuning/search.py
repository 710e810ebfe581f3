"""The search: train batches of trials under cross-validation, prune, and tell scores.

A batch of trials trains as one stack of networks, and the worse half leaves it at each
rung: successive halving (Jamieson and Talwalkar 2016). A trial's scores depend on its
own settings only. When it is pruned depends on the others of its batch.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.progress import announce
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.models.ensemble import cross_validate_models, score_folds
from pipeline.network.replicas import (
    FoldTensors,
    mean_over_seeds,
    new_trainer,
    predictions,
)
from pipeline.network.seeds import Replica, replicas_of
from pipeline.network.threads import use_one_thread
from pipeline.network.trainer import Candidate, Trainer
from pipeline.runs.record import TrialScore
from pipeline.tuning.executors import Pool
from pipeline.tuning.plan import BATCH_SIZE, RUNGS, SEARCHING, Plan
from pipeline.tuning.study import Study, TrialBatch
from pipeline.validation.fold_data import FoldData
from pipeline.validation.folds import out_of_fold

T = TypeVar("T")
BATCHES_PER_JOB = 2  # in advance, so that no job waits for a slower one


def search(study: Study, dataset: Dataset, plan: Plan, pool: Pool) -> Iterator[float]:
    """Run trials until there are enough or the time is up.

    Yields the share of the search that is done, after each batch.

    Batches are told in the order in which they were asked. So the same seed and number
    of jobs give the same trials, whichever batch ends first. If the search is
    interrupted, the trials that were told are kept. When the time is up, batches that
    still train are left to the next search.
    """
    # The encoded rows are made once, and not sent with each batch.
    tensors = pool.share(_encode, dataset, plan.settings)
    announce("starting the workers")
    if not is_done(pool.submit(_load), plan.left(SEARCHING)):
        return
    left = partial(plan.left, SEARCHING)
    share = partial(_share_done, study, plan, len(study.finished_trials()), left())
    asked = deque[TrialBatch]()

    def submitted() -> "Iterator[Future[list[list[TrialScore]]]]":
        while batch := study.next_batch(plan.trials, BATCH_SIZE):
            asked.append(batch)
            yield pool.submit(successive_halving, tensors, batch.settings)

    # With a time limit no batch waits: it would begin when the time is up.
    in_advance = BATCHES_PER_JOB if plan.timeout is None else 1
    yield share()
    for reached in _in_order(submitted(), in_advance * pool.jobs, left):
        study.tell(asked.popleft(), reached)
        yield share()


def _in_order(
    submitted: "Iterator[Future[T]]", most: int, left: Callable[[], float | None]
) -> Iterator[T]:
    """Yield the results of calls in their order, until the time is up.

    Args:
        submitted: Submits the next call when its future is asked for.
        most: The number of calls that may run or wait.
        left: Returns the seconds that are left, or None without a limit.
    """
    pending = deque(islice(submitted, most))
    while pending and is_done(pending[0], left()):
        yield pending.popleft().result()
        if left() != 0:
            pending.extend(islice(submitted, 1))


def is_done(future: "Future[Any]", seconds: float | None) -> bool:
    """Return whether a future is done in time; None is no limit.

    `concurrent.futures.wait` would never end for a future that Dask cancels, as it does
    when the connection is lost.

    Raises:
        CancelledError: The future is cancelled.
    """
    try:
        future.exception(seconds)
    except TimeoutError:
        return False
    return True


def _share_done(study: Study, plan: Plan, before: int, limit: float | None) -> float:
    """Return the share of the search that is done, by trials or by time.

    Args:
        study: The trials.
        plan: The options of the search.
        before: The number of trials that were finished when it began.
        limit: The seconds that it had then; None without a limit.
    """
    finished, missing = len(study.finished_trials()), plan.trials - before
    share = (finished - before) / missing if missing > 0 else 1.0
    if limit:
        share = max(share, 1 - (plan.left(SEARCHING) or 0.0) / limit)
    return min(1.0, share)


def _load() -> None:
    """Do nothing: a worker that runs it has imported this module and torch."""


def _encode(dataset: Dataset, settings: Settings) -> FoldTensors:
    use_one_thread()
    # Trials are scored on training rows only.
    dataset = replace(dataset, test=dataset.test.head(0))
    return FoldTensors.of(FoldData.fit(dataset, settings))


def successive_halving(
    tensors: FoldTensors, trials: Sequence[Settings]
) -> list[list[TrialScore]]:
    """Train trials under cross-validation and return the rungs that each reached.

    Args:
        tensors: The rows of all folds.
        trials: The settings of each trial. They differ in weight decay, learning rate
            and dropout. A trial trains one network per fold.
    """
    use_one_thread()  # other batches use the other cores
    settings = replace(trials[0], seeds=1)
    candidates = [
        Candidate(trial.lambdas[0], trial.lr, trial.dropout) for trial in trials
    ]
    replicas = replicas_of(settings)
    trainer = new_trainer(tensors, replicas, candidates, settings)
    reached: list[list[TrialScore]] = [[] for _ in trials]
    active = list(range(len(trials)))
    for epoch in rungs_of(settings.epochs):
        while trainer.epoch < epoch:
            trainer.train_epoch()
        scores = _scores(trainer, replicas, tensors, settings)
        for index, score in zip(active, scores, strict=True):
            reached[index].append(TrialScore(epoch, score))
        if epoch < settings.epochs:
            kept = better_half(scores)
            trainer.keep(kept)
            active = [active[index] for index in kept]
    return reached


def rungs_of(epochs: int) -> list[int]:
    """Return the epochs after which trials are compared, the last epoch included."""
    return sorted({max(1, round(epochs * share)) for share in RUNGS})


def better_half(scores: Sequence[float]) -> list[int]:
    """Return the indices of the lower half of the scores, rounded up, in order."""
    best_first = np.argsort(scores, kind="stable")
    return sorted(best_first[: (len(scores) + 1) // 2].tolist())


def _scores(
    trainer: Trainer,
    replicas: Sequence[Replica],
    tensors: FoldTensors,
    settings: Settings,
) -> list[float]:
    """Return the score of each candidate that is still in the stack."""
    data = tensors.data
    predicted = mean_over_seeds(predictions(trainer, tensors, replicas), settings)
    # A diverged network predicts NaN: score it as the lowest possible target.
    finite = np.where(np.isnan(predicted), -np.inf, predicted)
    clipped = data.row_bounds.clip(data.scale.undo(finite))
    scored = out_of_fold(clipped, data.fold_of)
    return [score_folds(each, data).pooled for each in scored]


def losses(
    dataset: Dataset,
    candidates: Sequence[Settings],
    pool: Pool,
    callback: Callable[[int, int], None],
    left: Callable[[], float | None] = lambda: None,
) -> np.ndarray:
    """Cross-validate settings; return their losses, shape (candidates, rows).

    Those of a network that diverged, or that was not ready in time, are infinite.

    Args:
        dataset: The training and the test rows.
        candidates: The settings.
        pool: The workers.
        callback: Called with the number of settings that are done, and of all.
        left: Returns the seconds that are left, or None without a limit.
    """
    total, rows = len(candidates), len(dataset.train)
    callback(0, total)
    shared = pool.share(_unchanged, dataset)
    submitted = (pool.submit(_losses, shared, settings) for settings in candidates)
    found = []
    # One per worker: none waits when the time is up and the workers are stopped.
    for of_settings in _in_order(submitted, pool.jobs, left):
        found.append(of_settings)
        callback(len(found), total)
    late = np.full((total - len(found), rows), np.inf)
    return np.concatenate([np.reshape(found, (-1, rows)), late])


def _unchanged(dataset: Dataset) -> Dataset:
    """Return the dataset: it is sent to one worker, and from there to the others."""
    return dataset


def _losses(dataset: Dataset, settings: Settings) -> np.ndarray:
    use_one_thread()
    try:
        result = cross_validate_models(dataset, settings, lambda *_: None, jobs=1)
    except UserError:  # every network diverged
        return np.full(len(dataset.train), np.inf)
    return result.losses(result.predictions.out_of_fold)
