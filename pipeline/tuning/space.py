"""What a search may try, and how it draws from that."""

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
    # Not from 0: networks without dropout draw their batches differently.
    "dropout": FloatDistribution(0.01, 0.5),
}
SPACE = {**_NUMBERS, "hidden": CategoricalDistribution(SHAPES)}
STARTUP = 32  # trials drawn at random before the sampler learns from them


class _Sampler(TPESampler):
    """Optuna's TPE (Bergstra et al. 2011); what is given is not drawn jointly."""

    def __init__(self, seed: int, drawn: Iterable[str]) -> None:
        super().__init__(
            seed=seed,
            n_startup_trials=STARTUP,
            constant_liar=True,  # trials still running count as bad: look elsewhere
        )
        self._drawn = set(drawn)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Of what is drawn, all that earlier trials have."""
        space = super().infer_relative_search_space(study, trial)
        return {name: values for name, values in space.items() if name in self._drawn}


def draw(
    earlier: Sequence[FrozenTrial], seed: int, shape: str | None, size: int
) -> Iterator[dict[str, Any]]:
    """What the trials of a batch try, given those before them.

    The first draws the hidden layers of all, where they are not given. Optuna is asked
    in memory and seeded anew by the number of each trial: with the same trials before
    it, a trial draws the same.
    """
    study = optuna.create_study()
    study.add_trials(earlier)
    for number in range(len(earlier), len(earlier) + size):
        space = SPACE if shape is None else _NUMBERS
        own = np.random.SeedSequence([seed, number]).generate_state(1)
        study.sampler = _Sampler(int(own[0]), space)
        params = study.ask(space).params
        shape = shape or params["hidden"]
        yield {**params, "hidden": shape}


def is_drawn(trial: FrozenTrial) -> bool:
    """Whether a trial, as a file has it, is one that this search may have drawn."""
    return trial.distributions == SPACE and all(
        values.low <= trial.params[name] <= values.high
        for name, values in trial.distributions.items()
        if isinstance(values, FloatDistribution)
    )


def settings_of(params: dict[str, Any], base: Settings) -> Settings:
    """Settings of three digits, which a command line can repeat exactly."""
    return replace(
        base,
        lambdas=(_rounded(params["lambda"]),),
        lr=_rounded(params["lr"]),
        dropout=_rounded(params["dropout"]),
        hidden=tuple(map(int, params["hidden"].split(","))),
    )


def searched(settings: Settings) -> dict[str, Any]:
    """The settings that a search chooses, by their names on the command line."""
    return {
        "lambda": settings.lambdas[0],
        "lr": settings.lr,
        "dropout": settings.dropout,
        "hidden": list(settings.hidden),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
