"""The stage `tune`: data/processed -> runs/<run id>/; its study: runs/tune.journal."""

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
from pipeline.tuning.search import Frames, Progress, confirm, search
from pipeline.tuning.study import FinishedTrial, Study

JOURNAL = "tune.journal"  # in runs/, beside the run folders
_HELD_OUT_SEEDS = 5
_FIRST_HELD_OUT = 10  # added to the seed of the search
_SEARCHED = ("lambdas", "hidden", "lr", "dropout")  # the first options of a command
_OPTIONS = {"lambdas": "lambda"}  # options that are not named like their field

Callback = Callable[[Progress], None]


def tune(
    project: Project, plan: Plan, provenance: Provenance, callback: Callback
) -> Run:
    """Search, confirm the winner on held-out fold seeds, and train it as a run.

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
        best = winner(progress.finished)
        progress = progress._replace(seconds_left=None)
        callback(progress._replace(status="confirming the best on held-out fold seeds"))
        seeds = held_out_seeds(plan.settings)
        best_score, default_score = (
            Confirmation(pooled=pooled, mean=float(np.mean(pooled)))
            for pooled in confirm(frames, [best.settings, plan.settings], seeds, pool)
        )
    record = Search(
        best=_searched(best.settings),
        command=command_line(best.settings),
        trials=[to_record(trial) for trial in progress.finished],
        confirmed=Confirmations(
            fold_seeds=seeds, best=best_score, default=default_score
        ),
    )
    callback(progress._replace(status="training the best"))
    provenance = replace(provenance, search=record)
    return train(project, best.settings, provenance, lambda *_: None, plan.jobs)


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


def winner(finished: list[FinishedTrial]) -> FinishedTrial:
    """Return the best of the trials that were not pruned.

    Raises:
        UserError: All were pruned, or none is finished.
    """
    if not finished or finished[0].pruned:
        raise UserError(
            "no trial is finished yet; run the same command again to resume the search"
        )
    return finished[0]


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
            for each in value if name == "lambdas" else [text]:
                words += [option, str(each)]
    return shlex.join(words)
