"""The search space, and how trials are sampled from it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial

from pipeline.core.settings import Settings

SHAPES = ("64", "128", "256", "64,32", "128,64")  # hidden layers
_NUMBERS: dict[str, BaseDistribution] = {
    "lambda": FloatDistribution(0.3, 30, log=True),
    "lr": FloatDistribution(2e-4, 1e-2, log=True),
    # Not from 0: networks without dropout use other random numbers for their batches.
    "dropout": FloatDistribution(0.01, 0.5),
}
SPACE = {**_NUMBERS, "hidden": CategoricalDistribution(SHAPES)}
STARTUP = 32  # trials sampled uniformly before TPE learns from them


class _Sampler(TPESampler):
    """Optuna's TPE (Bergstra et al. 2011), restricted to some of the parameters."""

    def __init__(self, seed: int, sampled: Iterable[str]) -> None:
        super().__init__(
            seed=seed,
            n_startup_trials=STARTUP,
            constant_liar=True,  # running trials count as bad: sample elsewhere
        )
        self._sampled = set(sampled)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the parameters to sample jointly: those that earlier trials share."""
        space = super().infer_relative_search_space(study, trial)
        return {name: values for name, values in space.items() if name in self._sampled}


def sample(
    earlier: Sequence[FrozenTrial], seed: int, shape: str | None, size: int
) -> Iterator[dict[str, Any]]:
    """Sample the parameters of a batch of trials.

    Optuna runs in memory, with a seed made of `seed` and the trial's number: after the
    same earlier trials, a trial always samples the same parameters.

    Args:
        earlier: All trials before the batch.
        seed: The seed of the search.
        shape: The hidden layers of the batch, like "64,32"; None samples them once.
        size: The number of trials.
    """
    study = optuna.create_study()
    study.add_trials(earlier)
    for number in range(len(earlier), len(earlier) + size):
        space = SPACE if shape is None else _NUMBERS
        (trial_seed,) = np.random.SeedSequence([seed, number]).generate_state(1)
        study.sampler = _Sampler(int(trial_seed), space)
        params = study.ask(space).params
        shape = shape or params["hidden"]
        yield {**params, "hidden": shape}


def is_in_space(trial: FrozenTrial) -> bool:
    """Return whether a trial read from a file is within the search space."""
    return trial.distributions == SPACE and all(
        values.low <= trial.params[name] <= values.high
        for name, values in trial.distributions.items()
        if isinstance(values, FloatDistribution)
    )


def settings_of(params: dict[str, Any], base: Settings) -> Settings:
    """Return the settings of a trial, rounded to the three digits of its command."""
    return replace(
        base,
        lambdas=(_rounded(params["lambda"]),),
        lr=_rounded(params["lr"]),
        dropout=_rounded(params["dropout"]),
        hidden=tuple(map(int, params["hidden"].split(","))),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
