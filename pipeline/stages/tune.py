"""The stage `tune`: data/processed -> runs/<run id>/; its study: runs/tune.journal.

The lowest of many scores is partly luck. So the best trials are scored again, house by
house. A trial replaces the default settings only by the rule of the Ladder, and the
score of the choice is corrected for the number of trials it was made from.
"""

import shlex
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields, replace

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings, comma_separated
from pipeline.runs.record import (
    Confirmation,
    Confirmations,
    Provenance,
    Run,
    Search,
    SearchedSettings,
    Trial,
    TrialScore,
)
from pipeline.stages.preprocess import read_features
from pipeline.stages.train import train
from pipeline.tuning.executors import open_pool
from pipeline.tuning.plan import Plan
from pipeline.tuning.search import (
    Frames,
    Progress,
    confirm,
    search,
    squared_errors,
)
from pipeline.tuning.study import FinishedTrial, Study
from pipeline.validation.metrics import bias_corrected, paired_difference

JOURNAL = "tune.journal"  # in runs/, beside the run folders
_SCORED_AGAIN = 8  # trials; a worse one is hardly the best on any draw of houses
_HELD_OUT_SEEDS = 5
_FIRST_HELD_OUT = 10  # added to the seed of the search
_SEARCHED = ("lambdas", "hidden", "lr", "dropout")  # the first options of a command
_OPTIONS = {"lambdas": "lambda", "models": "model"}  # repeated, unlike their fields

Callback = Callable[[Progress], None]


def tune(
    project: Project, plan: Plan, provenance: Provenance, callback: Callback
) -> Run:
    """Search, confirm the best settings on held-out fold seeds, and train their MLP.

    Args:
        project: The project.
        plan: The options of the search.
        provenance: The fingerprint of the search and the digests of its inputs.
        callback: Called with the progress after each batch.

    Raises:
        UserError: As `train`; the workers cannot be used; or no trial finished in time.
    """
    frames = Frames(*read_features(project, provenance.inputs))
    opened = Study(project.runs / JOURNAL, provenance.fingerprint, plan.settings)
    with closing(opened) as study, open_pool(plan) as pool:
        for progress in search(study, frames, plan, pool):
            callback(progress)
        candidates = [plan.settings, *best_trials(progress.finished)]
        progress = progress._replace(seconds_left=None)
        callback(progress._replace(status="scoring the best trials house by house"))
        squares = squared_errors(frames, candidates, pool)
        best = candidates[ladder(squares)]
        callback(progress._replace(status="confirming the best on held-out fold seeds"))
        seeds = held_out_seeds(plan.settings)
        best_score, default_score = (
            Confirmation(pooled=pooled, mean=float(np.mean(pooled)))
            for pooled in confirm(frames, [best, plan.settings], seeds, pool)
        )
    record = Search(
        best=_searched(best),
        command=command_line(replace(best, models=Settings().models)),
        trials=[to_record(trial) for trial in progress.finished],
        confirmed=Confirmations(
            fold_seeds=seeds, best=best_score, default=default_score
        ),
        corrected=bias_corrected(squares, squares),
        beats_default=best != plan.settings,
    )
    callback(progress._replace(status="training the best"))
    provenance = replace(provenance, search=record)
    return train(project, best, provenance, lambda *_: None, plan.jobs)


def to_record(trial: FinishedTrial) -> Trial:
    """Return a trial as run.json records it."""
    return Trial(
        number=trial.number,
        **vars(_searched(trial.settings)),
        score=trial.score,
        pruned=trial.pruned,
        rungs=[TrialScore(**rung._asdict()) for rung in trial.rungs],
    )


def _searched(settings: Settings) -> SearchedSettings:
    return SearchedSettings(
        weight_decay=settings.lambdas[0],
        lr=settings.lr,
        dropout=settings.dropout,
        hidden=settings.hidden,
    )


def best_trials(finished: list[FinishedTrial]) -> list[Settings]:
    """Return the settings of the best trials that were not pruned, oldest first.

    Raises:
        UserError: All were pruned, or none is finished.
    """
    best = [trial for trial in finished if not trial.pruned][:_SCORED_AGAIN]
    if not best:
        raise UserError(
            "no trial is finished yet; run the same command again to resume the search"
        )
    return [trial.settings for trial in sorted(best, key=lambda trial: trial.number)]


def ladder(squares: np.ndarray) -> int:
    """Return the index of the best candidate, by the rule of the Ladder.

    A candidate replaces the best before it only if its mean squared error is lower by
    more than the paired standard error (Blum and Hardt, The Ladder, ICML 2015).

    Args:
        squares: squared errors, shape (candidates, rows), the default settings first.
    """
    best = 0
    for index in range(1, len(squares)):
        if np.isfinite(squares[index]).all():
            gap, error = paired_difference(squares[best], squares[index])
            best = index if gap < -error else best
    return best


def held_out_seeds(settings: Settings) -> list[int]:
    """Return fold seeds that the search did not use."""
    first = settings.seed + _FIRST_HELD_OUT
    return list(range(first, first + _HELD_OUT_SEEDS))


def command_line(settings: Settings) -> str:
    """Return the `pipeline train` command of these settings, without the defaults."""
    names = dict.fromkeys([*_SEARCHED, *(field.name for field in fields(Settings))])
    words = ["pipeline", "train"]
    for name in names:
        value = getattr(settings, name)
        if value != getattr(Settings(), name):
            option = f"--{_OPTIONS.get(name, name).replace('_', '-')}"
            text = comma_separated(value) if isinstance(value, tuple) else value
            for each in value if name in _OPTIONS else [text]:
                words += [option, str(each)]
    return shlex.join(words)
