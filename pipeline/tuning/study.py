"""The search's memory: Optuna's study, kept in a journal that processes can share.

A trial enters the journal whole, in one line, with the batch it is in; a batch has the
process that works on it. So what a process had begun when it ended is taken up by the
next, which asks and tells just what the first would have.
"""

import os
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.core.settings import Settings
from pipeline.network.trainer import Candidate
from pipeline.tuning.halving import Rung
from pipeline.tuning.journal import legible, open_journal
from pipeline.tuning.space import SPACE, draw, is_drawn, searched, settings_of

_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_BATCH = "batch"  # the attribute of a trial that names its batch
_STARTED = time.time_ns()  # tells us from a process of our number that ended


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


class Batch(NamedTuple):
    """Trials that share a shape, by their numbers."""

    numbers: list[int]
    settings: list[Settings]

    @property
    def candidates(self) -> list[Candidate]:
        """What each trial is to the stack."""
        return [
            Candidate(each.lambdas[0], each.lr, each.dropout) for each in self.settings
        ]


class Study:
    """Ask for batches, tell their scores."""

    def __init__(self, path: Path, name: str, base: Settings) -> None:
        """Open the study of a name in a journal, or begin it.

        Args:
            path: of the journal.
            name: says all that trials of this study have in common.
            base: the settings that are not searched.

        Raises:
            UserError: the journal is none, or cannot be written to.
        """
        self._base = base
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._storage = open_journal(path)
        with legible(path):
            self._study = optuna.create_study(
                storage=self._storage, study_name=name, load_if_exists=True
            )
            self._check()

    def close(self) -> None:
        """Leave the batches that are not told to whoever goes on."""
        for trial in self._trials(TrialState.RUNNING):
            name = trial.user_attrs[_BATCH]
            if self._study.user_attrs[name] == _process():
                self._study.set_user_attr(name, None)

    def next_batch(self, wanted: int, most: int) -> Batch | None:
        """The oldest batch that nobody works on, completed, or else a new one.

        It has `most` trials, or fewer where those make `wanted` in all, or is None
        where there are as many already.
        """
        name = self._left_behind() or uuid4().hex
        others = [each for each in self._begun() if each.user_attrs[_BATCH] != name]
        size = min(most, wanted - len(others))
        if size <= 0:
            return None
        self._study.set_user_attr(name, _process())
        while len(trials := self._of_batch(name)) < size:
            self._add(name, size - len(trials), trials)
        return Batch(
            [trial.number for trial in trials],
            [settings_of(trial.params, self._base) for trial in trials],
        )

    def tell(self, batch: Batch, outcomes: Sequence[Sequence[Rung]]) -> None:
        """Keep the scores of a batch; who has not reached the end was stopped.

        Trials that were told already, before their process ended or by another that
        took them up at the same time, stay as they are.
        """
        study = self._storage.get_study_id_from_name(self._study.study_name)
        for number, rungs in zip(batch.numbers, outcomes, strict=True):
            trial = self._storage.get_trial_id_from_study_id_trial_number(study, number)
            epoch, score = rungs[-1]
            state = _FINISHED[epoch < self._base.epochs]
            value = score if state == TrialState.COMPLETE else None
            with suppress(UpdateFinishedTrialError):
                for rung in rungs:
                    self._storage.set_trial_intermediate_value(trial, *rung)
                self._study.tell(number, value, state, skip_if_finished=True)

    def tried(self) -> list[Tried]:
        """The finished trials of all processes, the best first, the stopped last."""
        trials = [
            Tried(
                trial.number,
                settings_of(trial.params, self._base),
                [Rung(*each) for each in sorted(trial.intermediate_values.items())],
                trial.state == TrialState.PRUNED,
            )
            for trial in self._trials(*_FINISHED)
        ]
        return sorted(trials, key=lambda each: (-each.rungs[-1].epoch, each.score))

    def _check(self) -> None:
        """Stumble here, and not later, over what no search has written."""
        for trial in self._trials():
            scores = trial.intermediate_values.values()
            told = all(isinstance(score, float) for score in scores)
            if not (told and is_drawn(trial) and _BATCH in trial.user_attrs):
                raise ValueError(f"trial {trial.number} is none of a search")
        self.tried()
        self._left_behind()

    def _add(self, batch: str, size: int, begun: Sequence[FrozenTrial]) -> None:
        """Draw trials for a batch, of the shape of those it has begun with."""
        earlier = self._trials()
        shape = begun[0].params["hidden"] if begun else None
        initialised = draw(earlier, self._base.seed, shape, size)
        for number, params in enumerate(initialised, start=len(earlier)):
            state, attributes = TrialState.RUNNING, {_BATCH: batch}
            trial = create_trial(
                state=state, params=params, distributions=SPACE, user_attrs=attributes
            )
            self._study.add_trial(trial)
            added = self._of_batch(batch)[-1].number
            if added != number:  # another process was quicker, and has drawn the same
                self._study.tell(added, state=TrialState.FAIL)
                return

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The trials of all processes, by number; of some states where any is given."""
        return self._study.get_trials(deepcopy=False, states=states or None)

    def _of_batch(self, name: str) -> list[FrozenTrial]:
        trials = self._trials(*_FINISHED, TrialState.RUNNING)
        return [each for each in trials if each.user_attrs[_BATCH] == name]

    def _begun(self) -> list[FrozenTrial]:
        """The trials that are finished, or that a living process works on."""
        at_work, running = self._at_work(), self._trials(TrialState.RUNNING)
        taken = [each for each in running if each.user_attrs[_BATCH] in at_work]
        return self._trials(*_FINISHED) + taken

    def _left_behind(self) -> str | None:
        """The oldest batch that is not told and that no living process works on."""
        at_work, running = self._at_work(), self._trials(TrialState.RUNNING)
        names = (str(each.user_attrs[_BATCH]) for each in running)
        return next((name for name in names if name not in at_work), None)

    def _at_work(self) -> set[str]:
        """The batches of living processes."""
        signed = self._study.user_attrs.items()
        return {name for name, process in signed if process and not _is_gone(process)}


def _process() -> list[str | int]:
    return [platform.node(), os.getpid(), _STARTED]


def _is_gone(process: list[str | int]) -> bool:
    """Whether a process of this machine has ended; of another machine we cannot say."""
    node, number, started = process
    if node != platform.node():
        return False
    if number == os.getpid():
        return started != _STARTED
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
