"""The search's memory: Optuna's study, kept in a journal that processes can share.

The journal is JSON, a line for each change; nothing in it is a pickle. (SQLite was left
out: two processes that write to one study meet its "database is locked".)
"""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from pipeline.files import writable
from pipeline.settings import Settings
from pipeline.train import Block
from pipeline.tune.halving import Rung

SHAPES = ("64", "128", "256", "64,32", "128,64")  # hidden layers
STARTUP = 32  # trials drawn at random before the sampler learns from them
_LOCK_SECONDS = 5  # a lock held this long was left by a killed process
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_PROCESS = "process"


class Tried(NamedTuple):
    """A finished trial: its settings, and its scores at the rungs it reached."""

    number: int
    settings: Settings
    rungs: list[Rung]
    stopped: bool

    @property
    def score(self) -> float:
        """The last score: of a trial that was not stopped, its result."""
        return self.rungs[-1].score

    def record(self) -> dict[str, Any]:
        """The trial as plain data."""
        return {
            "number": self.number,
            **searched(self.settings),
            "score": self.score,
            "stopped": self.stopped,
            "rungs": [rung._asdict() for rung in self.rungs],
        }


def searched(settings: Settings) -> dict[str, Any]:
    """The settings that a search chooses, by their names on the command line."""
    return {
        "lambda": settings.lambdas[0],
        "lr": settings.lr,
        "dropout": settings.dropout,
        "hidden": list(settings.hidden),
    }


class Batch(NamedTuple):
    """Trials that were asked for and share a shape."""

    trials: list[optuna.Trial]
    settings: list[Settings]

    @property
    def blocks(self) -> list[Block]:
        """What each trial is to the stack."""
        return [Block(each.lambdas[0], each.lr, each.dropout) for each in self.settings]


class Sampler(BaseSampler):
    """Optuna's TPE (Bergstra et al. 2011), seeded anew by the number of each trial.

    So no two trials draw alike, of whatever process, and a search that goes on draws
    what it would have drawn without the break. Where `shape` is set, trials have it.
    """

    def __init__(self, seed: int, storage: JournalStorage) -> None:
        self._seed, self._storage = seed, storage
        self._tpe = TPESampler()
        self.shape: str | None = None

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Say whose the trial is, and start from its own seed."""
        own = self._storage.get_trial_id_from_study_id_trial_number(
            self._storage.get_study_id_from_name(study.study_name), trial.number
        )
        self._storage.set_trial_user_attr(own, _PROCESS, _process())
        state = np.random.SeedSequence([self._seed, trial.number]).generate_state(1)
        self._tpe = TPESampler(
            seed=int(state[0]),
            n_startup_trials=STARTUP,
            constant_liar=True,  # trials still running count as bad: look elsewhere
        )

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is drawn jointly: all that is not fixed."""
        space = self._tpe.infer_relative_search_space(study, trial)
        return {k: v for k, v in space.items() if k != "hidden" or self.shape is None}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Draw jointly."""
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:  # noqa: ANN401 (as Optuna has it)
        """Draw alone what is not drawn jointly, or give the shape that is set."""
        if param_name == "hidden" and self.shape is not None:
            return self.shape
        return self._tpe.sample_independent(
            study, trial, param_name, param_distribution
        )


class Study:
    """Ask for batches, tell their scores."""

    def __init__(self, path: Path, name: str, base: Settings) -> None:
        """Open the study of a name in a journal, or begin it.

        Args:
            path: of the journal.
            name: says all that trials of this study have in common.
            base: the settings that are not searched.

        Raises:
            UserError: the journal cannot be written to.
        """
        self._base = base
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with writable(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = JournalFileOpenLock(str(path), grace_period=_LOCK_SECONDS)
            storage = JournalStorage(_whole_lines(path, lock))
        self._sampler = Sampler(base.seed, storage)
        self._study = optuna.create_study(
            storage=storage, sampler=self._sampler, study_name=name, load_if_exists=True
        )
        self._study.set_user_attr(str(_process()), _process())

    def close(self) -> None:
        """Give up the trials that are not told."""
        self._give_up(lambda process: process == _process())
        self._study.set_user_attr(str(_process()), None)

    def ask(self, size: int) -> Batch:
        """Ask for a batch; its first trial chooses the shape of all."""
        self._sampler.shape = None
        trials = []
        for _ in range(size):
            trial = self._study.ask()
            trial.suggest_float("lambda", 0.3, 30, log=True)
            trial.suggest_float("lr", 2e-4, 1e-2, log=True)
            # Not from 0: networks without dropout draw their batches differently.
            trial.suggest_float("dropout", 0.01, 0.5)
            self._sampler.shape = trial.suggest_categorical("hidden", SHAPES)
            trials.append(trial)
        return Batch(trials, [self._settings(trial.params) for trial in trials])

    def tell(self, batch: Batch, outcomes: Sequence[Sequence[Rung]]) -> None:
        """Keep the scores of a batch; who has not reached the end was stopped."""
        for trial, rungs in zip(batch.trials, outcomes, strict=True):
            for epoch, score in rungs:
                trial.report(score, epoch)
            epoch, score = rungs[-1]
            state = _FINISHED[epoch < self._base.epochs]
            value = score if state == TrialState.COMPLETE else None
            self._study.tell(trial, value, state, skip_if_finished=True)

    def tried(self) -> list[Tried]:
        """The finished trials of all processes, the best first, the stopped last."""
        trials = [
            Tried(
                trial.number,
                self._settings(trial.params),
                [Rung(*each) for each in sorted(trial.intermediate_values.items())],
                trial.state == TrialState.PRUNED,
            )
            for trial in self._study.get_trials(deepcopy=False, states=_FINISHED)
        ]
        return sorted(trials, key=lambda each: (-each.rungs[-1].epoch, each.score))

    def begun(self) -> int:
        """How many trials are finished or running, in all processes that live."""
        self._give_up(_is_gone)
        states = (*_FINISHED, TrialState.RUNNING)
        return len(self._study.get_trials(deepcopy=False, states=states))

    def _settings(self, params: dict[str, Any]) -> Settings:
        """Settings of three digits, which a command line can repeat exactly."""
        return replace(
            self._base,
            lambdas=(_rounded(params["lambda"]),),
            lr=_rounded(params["lr"]),
            dropout=_rounded(params["dropout"]),
            hidden=tuple(map(int, params["hidden"].split(","))),
        )

    def _give_up(self, whose: Callable[[list[str | int]], bool]) -> None:
        """Close running trials, by the process that asked for them.

        One that was killed on the spot did not even sign its trial. It is known by
        this: no process that could have asked for the trial lives.
        """
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        at_work = [each for each in self._study.user_attrs.values() if each]
        others = [each for each in at_work if each != _process() and not _is_gone(each)]
        for trial in running:
            signed = trial.user_attrs.get(_PROCESS)
            if whose(signed) if signed else not others:
                self._study.tell(
                    trial.number, state=TrialState.FAIL, skip_if_finished=True
                )


def _whole_lines(path: Path, lock: JournalFileOpenLock) -> JournalFileBackend:
    """The journal, without a last line that a full disk or a power cut tore."""
    backend = JournalFileBackend(str(path), lock)
    lock.acquire()
    try:
        with path.open("r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
    finally:
        lock.release()
    return backend


def _process() -> list[str | int]:
    return [platform.node(), os.getpid()]


def _is_gone(process: list[str | int]) -> bool:
    """Whether a process of this machine has ended; of another machine we cannot say."""
    if process[0] != platform.node():
        return False
    try:
        os.kill(int(process[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
