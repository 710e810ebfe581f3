"""The stage `tune`: data/processed -> runs/<run id>/; its study: runs/tune.journal.

The lowest of many scores is partly luck. So the best trials are scored again, house by
house. A trial replaces the default settings only by the rule of the Ladder, and the
score of the choice is corrected for the number of trials it was made from.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.files import alone
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.settings import Settings, train_command
from pipeline.data.dataset import Dataset
from pipeline.runs import record
from pipeline.runs.record import Confirmations, Provenance, Run, Search, Trial
from pipeline.stages.preprocess import read_features
from pipeline.stages.train import train
from pipeline.tuning.executors import Pool, open_pool
from pipeline.tuning.plan import HELD_OUT_SEEDS, SCORED_AGAIN, Plan, Progress, Work
from pipeline.tuning.search import losses, search
from pipeline.tuning.study import FinishedTrial, Study
from pipeline.validation.folds import dataset_folds, smallest
from pipeline.validation.resampling import Units
from pipeline.validation.uncertainty import bias_corrected, paired_difference

JOURNAL = "tune.journal"  # in runs/, beside the run folders
_FIRST_HELD_OUT = 10  # added to the seed of the search

Callback = Callable[[Progress], None]


def tune(
    project: Project, plan: Plan, provenance: Provenance, callback: Callback
) -> Run:
    """Search, confirm the best settings on held-out fold seeds, and train their MLP.

    Args:
        project: The project.
        plan: The options of the search.
        provenance: The fingerprint of the search and the digests of its inputs.
        callback: Called with the progress after each batch, and in all that follows.

    Raises:
        UserError: As `train`; the workers cannot be used; or no trial finished in time.
    """
    dataset = read_features(project, provenance.inputs)
    rows = smallest(dataset_folds(dataset, plan.settings))
    plan = replace(plan, settings=plan.settings.for_rows(rows))
    journal = project.runs / JOURNAL
    with alone(journal):
        study = Study(journal, provenance.fingerprint, plan.settings)
        work = Work(plan, len(study.finished_trials()), callback)
        with open_pool(plan) as pool:
            best, found = _search(study, dataset, plan, pool, work)
    provenance = replace(provenance, search=found)
    return train(project, best, provenance, work.training(), plan.jobs)


def _search(
    study: Study, dataset: Dataset, plan: Plan, pool: Pool, work: Work
) -> tuple[Settings, Search]:
    """Search, and confirm the best settings; return them and the record of both."""
    for progress in search(study, dataset, plan, pool):
        work.search(progress)
    candidates = [plan.settings, *best_trials(progress.finished)]
    row_losses = losses(dataset, candidates, pool, work.scoring)
    # If all diverged, `train` reports it for the default settings.
    kept = np.flatnonzero(np.isfinite(row_losses).all(axis=1)).tolist() or [0]
    row_losses = row_losses[kept]
    choose = partial(ladder, groups=dataset.groups)
    best = candidates[kept[choose(row_losses, np.ones(row_losses.shape[1]))]]
    metric = METRICS[dataset.schema.metric]
    corrected = bias_corrected(
        row_losses, row_losses, choose=choose, metric=metric, groups=dataset.groups
    )
    return best, Search(
        best=_searched(best),
        command=train_command(replace(best, models=Settings().models)),
        trials=[to_record(trial) for trial in progress.finished],
        confirmed=confirm(dataset, best, plan.settings, pool, work.confirming),
        corrected=corrected,
        beats_default=best != plan.settings,
    )


def to_record(trial: FinishedTrial) -> Trial:
    """Return a trial as run.json records it."""
    return Trial(
        number=trial.number,
        **vars(_searched(trial.settings)),
        score=trial.score,
        pruned=trial.pruned,
        rungs=[record.TrialScore(**rung._asdict()) for rung in trial.rungs],
    )


def _searched(settings: Settings) -> record.SearchedSettings:
    return record.SearchedSettings(
        settings.lambdas[0], settings.lr, settings.dropout, settings.hidden
    )


def best_trials(finished: list[FinishedTrial]) -> list[Settings]:
    """Return the settings of the best trials that were not pruned, oldest first.

    Raises:
        UserError: All were pruned, or none is finished.
    """
    best = [trial for trial in finished if not trial.pruned][:SCORED_AGAIN]
    if not best:
        raise UserError(
            "no trial is finished yet; run the same command again to resume the search"
        )
    return [trial.settings for trial in sorted(best, key=lambda trial: trial.number)]


def ladder(
    row_losses: np.ndarray, counts: np.ndarray, groups: np.ndarray | None = None
) -> int:
    """Return the index of the best candidate, by the rule of the Ladder.

    A candidate replaces the best before it only if its mean squared error is lower by
    more than the paired standard error (Blum and Hardt, The Ladder, ICML 2015).

    Args:
        row_losses: Losses, shape (candidates, rows), the default settings first.
        counts: How often a house counts, shape (rows,).
        groups: The group of each row, if they have any; rows of a group count as often.
    """
    units = Units.of(len(counts), groups)
    drawn = units.sums(counts) / units.sizes
    best, rows, number = 0, counts.sum(), drawn.sum()
    for index in range(1, len(row_losses)):
        gaps = row_losses[index] - row_losses[best]
        mean = gaps @ counts / rows
        variance = units.sums(gaps - mean) ** 2 @ drawn / (number - 1)
        if mean < -np.sqrt(number * variance) / rows:
            best = index
    return best


def confirm(
    dataset: Dataset,
    best: Settings,
    default: Settings,
    pool: Pool,
    callback: Callable[[int, int], None],
) -> Confirmations:
    """Score the best and the default settings on held-out fold seeds.

    `callback` is called with the number of cross-validations done, and of all.
    """
    seeds = held_out_seeds(default)
    # Where the default settings are the best, they are trained once.
    settings = dict.fromkeys([best, default])
    on_folds = [replace(found, seed=seed) for found in settings for seed in seeds]
    metric = METRICS[dataset.schema.metric]
    row_losses = losses(dataset, on_folds, pool, callback)
    row_losses = row_losses.reshape(len(settings), len(seeds), -1)
    scores = []
    for means in row_losses.mean(axis=2):
        pooled = [metric.of_mean(mean) for mean in means]
        scores.append(record.Confirmation(pooled=pooled, mean=float(np.mean(pooled))))
    found = Confirmations(fold_seeds=seeds, best=scores[0], default=scores[-1])
    if best == default:
        return found
    of_best, of_default = row_losses.mean(axis=1)
    value, error = paired_difference(of_default, of_best, metric, dataset.groups)
    return replace(found, difference=value, difference_error=error)


def held_out_seeds(settings: Settings) -> list[int]:
    """Return fold seeds that the search did not use."""
    first = settings.seed + _FIRST_HELD_OUT
    return list(range(first, first + HELD_OUT_SEEDS))
