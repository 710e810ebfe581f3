"""The stage `tune`: data/processed -> runs/<run id>/; its trials: runs/tune.json.

The lowest of many scores is partly luck. So the best trials are scored again, house by
house, and a trial replaces the default settings only by the rule of the Ladder. What is
left of the luck is not corrected: the losses of all trials would be needed, row by row.
Other fold seeds are a comparison on the same rows, and hold out nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.files import alone
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.settings import Settings, train_command
from pipeline.data.dataset import Dataset
from pipeline.runs.record import (
    Confirmation,
    Confirmations,
    Provenance,
    Run,
    Search,
    SearchedSettings,
    Trial,
)
from pipeline.stages.preprocess import read_features
from pipeline.stages.train import train
from pipeline.tuning.executors import Pool, open_pool
from pipeline.tuning.plan import (
    CONFIRMING,
    OTHER_SEEDS,
    SCORED_AGAIN,
    SCORING,
    Plan,
    Report,
    Work,
)
from pipeline.tuning.search import losses, search
from pipeline.tuning.space import settings_of
from pipeline.tuning.study import Study
from pipeline.validation.folds import dataset_folds, smallest
from pipeline.validation.uncertainty import paired_difference

TRIALS = "tune.json"  # in runs/, beside the run folders
_FIRST_OTHER = 10  # added to the seed of the search


def tune(project: Project, plan: Plan, provenance: Provenance, report: Report) -> Run:
    """Search, score the best settings on other fold seeds, and train their MLP.

    Args:
        project: The project.
        plan: The options of the search.
        provenance: The fingerprint of the search and the digests of its inputs.
        report: Called after each batch, and in all that follows.

    Raises:
        UserError: As `train`; the workers cannot be used; or no trial is finished, or
            scored, in time.
    """
    dataset = read_features(project, provenance.inputs)
    rows = smallest(dataset_folds(dataset, plan.settings))
    plan = replace(plan, settings=plan.settings.for_rows(rows))
    path = project.runs / TRIALS
    with alone(path):
        study = Study(path, provenance.fingerprint, plan.settings)
        work = Work(plan, len(study.finished_trials()), report)
        with open_pool(plan) as pool:
            for share in search(study, dataset, plan, pool):
                work.search(share, study.finished_trials())
            finished = study.finished_trials()
            best, found = _choose(finished, dataset, plan, pool, work)
    provenance = replace(provenance, search=found)
    return train(project, best, provenance, work.training(), plan.jobs)


def _choose(
    finished: list[Trial],
    dataset: Dataset,
    plan: Plan,
    pool: Pool,
    work: Work,
) -> tuple[Settings, Search]:
    """Choose the best settings; return them and the record of the search.

    Raises:
        UserError: No trial is finished, or none was scored again in time.
    """
    again = best_trials(finished)
    trials = [settings_of(trial, plan.settings) for trial in again]
    candidates = [plan.settings, *trials]
    left = partial(plan.left, SCORING)
    row_losses = losses(dataset, candidates, pool, work.parts(SCORING), left)
    usable = np.isfinite(row_losses).all(axis=1)
    if left() == 0 and not (usable[0] and usable[1:].any()):
        raise UserError(
            f"--timeout {plan.timeout:g}: too short to score a trial beside the "
            "default settings; give a longer one: finished trials are kept"
        )
    # The Ladder goes from the oldest to the newest. If all diverged, `train` reports it
    # for the default settings.
    oldest = sorted(range(len(again)), key=lambda index: again[index].number)
    ordered = [0, *(index + 1 for index in oldest)]
    kept = [index for index in ordered if usable[index]] or [0]
    best = candidates[kept[ladder(row_losses[kept], dataset.groups)]]
    left = partial(plan.left, CONFIRMING)
    return best, Search(
        best=SearchedSettings(best.lambdas[0], best.lr, best.dropout, best.hidden),
        command=train_command(replace(best, models=Settings().models)),
        trials=finished,
        confirmed=confirm(
            dataset, best, plan.settings, pool, work.parts(CONFIRMING), left
        ),
        beats_default=best != plan.settings,
    )


def best_trials(finished: Sequence[Trial]) -> list[Trial]:
    """Return the best trials that were not pruned, best first.

    Raises:
        UserError: All were pruned, or none is finished.
    """
    best = [trial for trial in finished if not trial.pruned][:SCORED_AGAIN]
    if not best:
        raise UserError(
            "no trial is finished yet; run the same command again, with more time, to "
            "resume the search"
        )
    return best


def ladder(row_losses: np.ndarray, groups: np.ndarray | None = None) -> int:
    """Return the index of the best candidate, by the rule of the Ladder.

    A candidate replaces the best before it only if its mean loss is lower by more than
    the paired standard error (Blum and Hardt, The Ladder, ICML 2015).

    Args:
        row_losses: Losses, shape (candidates, rows), the default settings first.
        groups: The group of each row, if they have any.
    """
    best = 0
    for index, candidate in enumerate(row_losses):
        gap, error = paired_difference(row_losses[best], candidate, groups=groups)
        if gap < -error:
            best = index
    return best


def confirm(
    dataset: Dataset,
    best: Settings,
    default: Settings,
    pool: Pool,
    callback: Callable[[int, int], None],
    left: Callable[[], float | None] = lambda: None,
) -> Confirmations | None:
    """Score the best and the default settings on other fold seeds.

    `callback` is called with the number of cross-validations done, and of all, and
    `left` returns the seconds that are left. If no seed is ready in time, return None.
    """
    seeds = other_seeds(default)
    # Where the default settings are the best, they are trained once.
    settings = list(dict.fromkeys([best, default]))
    on_folds = [replace(found, seed=seed) for seed in seeds for found in settings]
    metric = METRICS[dataset.schema.metric]
    row_losses = losses(dataset, on_folds, pool, callback, left)
    row_losses = row_losses.reshape(len(seeds), len(settings), -1)
    usable = np.isfinite(row_losses).all(axis=(1, 2))
    if not usable.any():
        return None
    row_losses = row_losses[usable]
    scores = []
    for means in row_losses.mean(axis=2).T:
        pooled = [metric.of_mean(mean) for mean in means]
        scores.append(Confirmation(pooled=pooled, mean=float(np.mean(pooled))))
    ready = [seed for seed, is_ready in zip(seeds, usable, strict=True) if is_ready]
    found = Confirmations(fold_seeds=ready, best=scores[0], default=scores[-1])
    if best == default:
        return found
    of_best, of_default = row_losses.mean(axis=0)
    value, error = paired_difference(of_default, of_best, metric, dataset.groups)
    return replace(found, difference=value, difference_error=error)


def other_seeds(settings: Settings) -> list[int]:
    """Return fold seeds that the search did not use."""
    first = settings.seed + _FIRST_OTHER
    return list(range(first, first + OTHER_SEEDS))
