"""An Optuna study that several processes share through one journal.

A trial is added with its batch in one line of the journal, and a batch is claimed by
the process that trains it. When a process ends, the next one takes over its batches and
asks for the same trials and tells the same scores as the first would have done.
"""

import os
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import optuna
import psutil
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.core.settings import Settings
from pipeline.network.trainer import Candidate
from pipeline.tuning.halving import Rung
from pipeline.tuning.journal import open_journal, valid_journal
from pipeline.tuning.space import SPACE, is_in_space, sample, settings_of

_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_BATCH = "batch"  # the user attribute of a trial that names its batch
_STARTED = time.time_ns()  # differs from an ended process with the same number


class FinishedTrial(NamedTuple):
    """A complete or pruned trial, with its score at each rung that it reached."""

    number: int
    settings: Settings
    rungs: list[Rung]
    pruned: bool

    @property
    def score(self) -> float:
        """The last score; for a trial that was not pruned, the result."""
        return self.rungs[-1].score


class TrialBatch(NamedTuple):
    """Trials with the same hidden layers, trained as one stack."""

    numbers: list[int]
    settings: list[Settings]

    @property
    def candidates(self) -> list[Candidate]:
        """The trials as the stack needs them."""
        return [
            Candidate(each.lambdas[0], each.lr, each.dropout) for each in self.settings
        ]


class Study:
    """A search's trials, those of other processes included."""

    def __init__(self, path: Path, name: str, base: Settings) -> None:
        """Open the study of this name in a journal, or create it.

        Args:
            path: The journal.
            name: Identifies what all trials of the study have in common.
            base: The settings that are not searched.

        Raises:
            UserError: The file is not a journal, or cannot be written to.
        """
        self._base = base
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._storage = open_journal(path)
        with valid_journal(path):
            self._study = optuna.create_study(
                storage=self._storage, study_name=name, load_if_exists=True
            )
            self._check()

    def close(self) -> None:
        """Release the batches of this process that were not told, for another one."""
        for trial in self._trials(TrialState.RUNNING):
            name = trial.user_attrs[_BATCH]
            if self._study.user_attrs[name] == _this_process():
                self._study.set_user_attr(name, None)

    def next_batch(self, total: int, size: int) -> TrialBatch | None:
        """Claim the oldest abandoned batch, completed if needed, or else a new one.

        Args:
            total: The number of trials to end with; the batch is smaller than `size`
                where fewer are missing, and None where none is.
            size: The number of trials per batch.
        """
        name = self._abandoned_batch() or uuid4().hex
        others = [each for each in self._claimed() if each.user_attrs[_BATCH] != name]
        size = min(size, total - len(others))
        if size <= 0:
            return None
        self._study.set_user_attr(name, _this_process())
        while len(trials := self._of_batch(name)) < size:
            self._add(name, size - len(trials), trials)
        return TrialBatch(
            [trial.number for trial in trials],
            [settings_of(trial.params, self._base) for trial in trials],
        )

    def tell(self, batch: TrialBatch, results: Sequence[Sequence[Rung]]) -> None:
        """Record the scores of a batch; trials that missed the last epoch are pruned.

        Trials that were told before stay as they are: by this search before it was
        killed, or by another process that took over the batch at the same time.
        """
        study = self._storage.get_study_id_from_name(self._study.study_name)
        for number, rungs in zip(batch.numbers, results, strict=True):
            trial = self._storage.get_trial_id_from_study_id_trial_number(study, number)
            epoch, score = rungs[-1]
            state = _FINISHED[epoch < self._base.epochs]
            value = score if state == TrialState.COMPLETE else None
            with suppress(UpdateFinishedTrialError):
                for rung in rungs:
                    self._storage.set_trial_intermediate_value(trial, *rung)
                self._study.tell(number, value, state, skip_if_finished=True)

    def finished_trials(self) -> list[FinishedTrial]:
        """Return the finished trials of all processes, best first, pruned ones last."""
        trials = [
            FinishedTrial(
                trial.number,
                settings_of(trial.params, self._base),
                [Rung(*each) for each in sorted(trial.intermediate_values.items())],
                trial.state == TrialState.PRUNED,
            )
            for trial in self._trials(*_FINISHED)
        ]
        return sorted(trials, key=lambda each: (-each.rungs[-1].epoch, each.score))

    def _check(self) -> None:
        """Fail early on a journal that no search can have written."""
        for trial in self._trials():
            scores = trial.intermediate_values.values()
            scored = all(isinstance(score, float) for score in scores)
            if not (scored and is_in_space(trial) and _BATCH in trial.user_attrs):
                raise ValueError(f"trial {trial.number} was not written by a search")
        self.finished_trials()
        self._abandoned_batch()

    def _add(self, batch: str, size: int, started: Sequence[FrozenTrial]) -> None:
        """Add trials to a batch, with the hidden layers of those that it has already.

        Two processes can add a trial with the same number, and then with the same
        parameters, at the same time. The second fails its trial and samples again.
        """
        earlier = self._trials()
        shape = started[0].params["hidden"] if started else None
        samples = sample(earlier, self._base.seed, shape, size)
        for number, params in enumerate(samples, start=len(earlier)):
            state, attributes = TrialState.RUNNING, {_BATCH: batch}
            trial = create_trial(
                state=state, params=params, distributions=SPACE, user_attrs=attributes
            )
            self._study.add_trial(trial)
            added = self._of_batch(batch)[-1].number
            if added != number:
                self._study.tell(added, state=TrialState.FAIL)
                return

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials of all processes by number: those in `states`, or all."""
        return self._study.get_trials(deepcopy=False, states=states or None)

    def _of_batch(self, name: str) -> list[FrozenTrial]:
        trials = self._trials(*_FINISHED, TrialState.RUNNING)
        return [each for each in trials if each.user_attrs[_BATCH] == name]

    def _claimed(self) -> list[FrozenTrial]:
        """Return the trials that are finished or that a running process trains."""
        active, running = self._active_batches(), self._trials(TrialState.RUNNING)
        training = [each for each in running if each.user_attrs[_BATCH] in active]
        return self._trials(*_FINISHED) + training

    def _abandoned_batch(self) -> str | None:
        """Return the oldest batch that was not told and that no process trains."""
        active, running = self._active_batches(), self._trials(TrialState.RUNNING)
        names = (str(each.user_attrs[_BATCH]) for each in running)
        return next((name for name in names if name not in active), None)

    def _active_batches(self) -> set[str]:
        """Return the batches that running processes have claimed."""
        claims = self._study.user_attrs.items()
        return {name for name, process in claims if process and not _has_ended(process)}


def _this_process() -> list[str | int]:
    return [platform.node(), os.getpid(), _STARTED]


def _has_ended(process: list[str | int]) -> bool:
    """Return whether a process of this machine has ended; False for other machines."""
    node, number, started = process
    if node != platform.node():
        return False
    if number == os.getpid():
        return started != _STARTED
    return not psutil.pid_exists(int(number))
