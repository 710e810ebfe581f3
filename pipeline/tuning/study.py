"""The trials of a search, in a JSON file that is written whole at each change.

When a search ends early, the next one trains the batches that were not told: it asks
for the same trials, and tells the same scores, as the first would have done. One
process at a time has the file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.core.errors import UserError
from pipeline.core.files import read_json, write_atomically
from pipeline.core.settings import Settings
from pipeline.core.typed_json import from_json, to_json
from pipeline.runs.record import Trial, TrialScore
from pipeline.tuning.space import SPACE, sample, searched, settings_of


class TrialBatch(NamedTuple):
    """Trials with the same hidden layers, trained as one stack."""

    number: int  # of the batch
    settings: list[Settings]


@dataclass
class _SavedTrial:
    """A trial in the file: its parameters, and its scores, none until it is told."""

    params: dict[str, Any]
    rungs: list[TrialScore] = field(default_factory=list)


class Study:
    """The trials of a search, those of earlier processes included."""

    def __init__(self, path: Path, name: str, base: Settings) -> None:
        """Open the study of this name in a file, or begin it.

        Args:
            path: The file, which may have other studies too.
            name: Identifies what all trials of the study have in common.
            base: The settings that are not searched.

        Raises:
            UserError: The file has no studies, or cannot be written to.
        """
        self._path, self._base = path, base
        self._asked: set[int] = set()  # the batches that this process trains
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            found = read_json(path) if path.exists() else {}
            self._studies = from_json(dict[str, list[list[_SavedTrial]]], found)
            self._batches = self._studies.setdefault(name, [])
            # Fail early on trials that no search can have written.
            if not all(self._batches):
                raise ValueError("an empty batch")
            self._frozen_trials()
            self.finished_trials()
        except Exception as error:
            raise UserError(
                f"{path}: not the trials of a search ({error!r}); move it away "
                "to start a new search"
            ) from error
        self._save()  # fail early if it cannot be written to

    def next_batch(self, total: int, size: int) -> TrialBatch | None:
        """Return the oldest batch that was not told, or else a new one.

        Args:
            total: The number of trials to end with. The batch is smaller than `size` if
                fewer are missing, and None if none is missing.
            size: The number of trials per batch.
        """
        left, missing = [], total
        for number, batch in enumerate(self._batches):
            if batch[0].rungs or number in self._asked:
                missing -= len(batch)
            else:
                left.append(number)
        if missing <= 0:
            return None
        number = left[0] if left else len(self._batches)
        if not left:
            size = min(size, missing)
            params = sample(self._frozen_trials(), self._base.seed, size)
            self._batches.append(list(map(_SavedTrial, params)))
            self._save()
        self._asked.add(number)
        found = [searched(trial.params) for trial in self._batches[number]]
        return TrialBatch(number, [settings_of(each, self._base) for each in found])

    def tell(self, batch: TrialBatch, results: Sequence[list[TrialScore]]) -> None:
        """Record the scores of a batch; trials that missed the last epoch are pruned.

        Raises:
            UserError: The file cannot be written to.
        """
        for trial, rungs in zip(self._batches[batch.number], results, strict=True):
            trial.rungs = rungs
        self._save()

    def finished_trials(self) -> list[Trial]:
        """Return the finished trials, best first, pruned ones last."""
        trials = [
            Trial(
                **vars(searched(trial.params)),
                number=number,
                score=trial.rungs[-1].score,
                pruned=self._is_pruned(trial),
                rungs=trial.rungs,
            )
            for number, trial in enumerate(chain(*self._batches))
            if trial.rungs
        ]
        return sorted(trials, key=lambda trial: (-trial.rungs[-1].epoch, trial.score))

    def _is_pruned(self, trial: _SavedTrial) -> bool:
        return trial.rungs[-1].epoch < self._base.epochs

    def _frozen_trials(self) -> list[FrozenTrial]:
        """Return all trials as Optuna has them; those that were not told are running.

        Raises:
            ValueError: Parameters are not in the search space.
        """
        trials = []
        for trial in chain(*self._batches):
            state, score = TrialState.RUNNING, None
            if trial.rungs:
                is_pruned = self._is_pruned(trial)
                state = TrialState.PRUNED if is_pruned else TrialState.COMPLETE
                score = trial.rungs[-1].score
            frozen = create_trial(
                state=state,
                value=score,
                params=trial.params,
                distributions=SPACE,
                intermediate_values={rung.epoch: rung.score for rung in trial.rungs},
            )
            trials.append(frozen)
        return trials

    def _save(self) -> None:
        write_atomically(self._path, json.dumps(to_json(self._studies)))
