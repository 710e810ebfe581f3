"""The stage `tune`: data/processed -> runs/<run id>/, by way of runs/tune.journal."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.stages.preprocess import read_features
from pipeline.stages.train import run_experiment
from pipeline.tuning.executors import open_pool
from pipeline.tuning.plan import Plan
from pipeline.tuning.search import Found, Houses, confirm, search
from pipeline.tuning.space import searched
from pipeline.tuning.study import Study, Tried

JOURNAL = "tune.journal"  # in runs/, beside the run folders
CONFIRMING = 5  # fold seeds
_FRESH = 10  # the first of them, counted from the seed of the search

Callback = Callable[[Found], None]


def run_search(
    project: Project, plan: Plan, provenance: dict[str, Any], callback: Callback
) -> dict[str, Any]:
    """Search, confirm the winner on fresh folds, train it, keep it as a run.

    Raises:
        UserError: as `run_experiment`; the workers are not there; no trial was
            finished in time.
    """
    houses = Houses(*read_features(project, provenance["inputs"]))
    opened = Study(project.runs / JOURNAL, provenance["fingerprint"], plan.settings)
    with closing(opened) as study, open_pool(plan) as pool:
        for found in search(study, houses, plan, pool):
            callback(found)
        best = winner(found.tried)
        callback(found._replace(left=None, doing="confirming the best on other folds"))
        seeds = fresh_seeds(plan.settings)
        confirmed = confirm(houses, [best.settings, plan.settings], seeds, pool)
    facts = {
        "best": searched(best.settings),
        "command": command_line(best.settings),
        "trials": [each.record() for each in found.tried],
        "confirmed": {
            "fold_seeds": seeds,
            "best": confirmed[0]._asdict(),
            "default": confirmed[1]._asdict(),
        },
    }
    callback(found._replace(left=None, doing="training the best"))
    return run_experiment(
        project,
        best.settings,
        {**provenance, "tune": facts},
        lambda *_: None,
        plan.jobs,
    )


def winner(tried: list[Tried]) -> Tried:
    """The best of the trials that were not stopped.

    Raises:
        UserError: there is none.
    """
    if not tried or tried[0].stopped:
        raise UserError(
            "no trial is finished yet; give the same command again, "
            "and the search goes on where it stopped"
        )
    return tried[0]


def fresh_seeds(settings: Settings) -> list[int]:
    """Fold seeds that took no part in a search."""
    first = settings.seed + _FRESH
    return list(range(first, first + CONFIRMING))


def command_line(settings: Settings) -> str:
    """The command that trains a network of these settings again."""
    return shlex.join(["pipeline", "train", *_options(settings)])


def _options(settings: Settings) -> Iterator[str]:
    """The options that differ from the default's."""
    default = Settings()
    options = {
        "lambda": (settings.lambdas[0], default.lambdas[0]),
        "hidden": tuple(",".join(map(str, x.hidden)) for x in (settings, default)),
    } | {
        name: (getattr(settings, name), getattr(default, name))
        for name in ("lr", "dropout", "folds", "seeds", "seed", "epochs", "batch_size")
    }
    for name, (own, usual) in options.items():
        if own != usual:
            yield from (f"--{name.replace('_', '-')}", str(own))
