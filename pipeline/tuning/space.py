"""The search space, and how trials are sampled from it."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import PartialFixedSampler, TPESampler
from optuna.trial import FrozenTrial

from pipeline.core.settings import Settings
from pipeline.runs.record import SearchedSettings

SHAPES = ("64", "128", "256", "64,32", "128,64")  # hidden layers
SPACE: dict[str, BaseDistribution] = {
    "lambda": FloatDistribution(0.3, 30, log=True),
    "lr": FloatDistribution(2e-4, 1e-2, log=True),
    # Not from 0: networks without dropout use other random numbers for their batches.
    "dropout": FloatDistribution(0.01, 0.5),
    "hidden": CategoricalDistribution(SHAPES),
}
STARTUP = 32  # trials sampled uniformly before TPE learns from them


def sample(
    earlier: Sequence[FrozenTrial], seed: int, size: int
) -> Iterator[dict[str, Any]]:
    """Sample the parameters of a batch of trials by TPE (Bergstra et al. 2011).

    All trials of the batch have the hidden layers of its first one.

    Optuna runs in memory, with a seed made of `seed` and the trial's number: after the
    same earlier trials, a trial always samples the same parameters.

    Args:
        earlier: All trials before the batch.
        seed: The seed of the search.
        size: The number of trials.
    """
    study = optuna.create_study()
    study.add_trials(earlier)
    fixed: dict[str, Any] = {}
    for number in range(len(earlier), len(earlier) + size):
        (trial_seed,) = np.random.SeedSequence([seed, number]).generate_state(1)
        # Running trials count as bad (constant_liar), so that others sample elsewhere.
        tpe = TPESampler(
            seed=int(trial_seed), n_startup_trials=STARTUP, constant_liar=True
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study.sampler = PartialFixedSampler(fixed, tpe)
        params = study.ask(SPACE).params
        fixed = {"hidden": params["hidden"]}
        yield params


def searched(params: dict[str, Any]) -> SearchedSettings:
    """Return the parameters of a trial, rounded to the three digits of its command."""
    return SearchedSettings(
        weight_decay=_rounded(params["lambda"]),
        lr=_rounded(params["lr"]),
        dropout=_rounded(params["dropout"]),
        hidden=tuple(map(int, params["hidden"].split(","))),
    )


def settings_of(found: SearchedSettings, base: Settings) -> Settings:
    """Return the base settings with those of a trial."""
    return replace(
        base,
        lambdas=(found.weight_decay,),
        lr=found.lr,
        dropout=found.dropout,
        hidden=found.hidden,
    )


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
