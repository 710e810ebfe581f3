"""The trials of a search in an Optuna study, whose file is a journal.

A trial is added with its batch in one line of the journal. When a search ends early,
the next one trains the batches that were not told: it asks for the same trials, and
tells the same scores, as the first would have done. One process at a time has the
journal, which contains JSON and no pickles.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState, create_trial

from pipeline.core.errors import UserError
from pipeline.core.files import check_regular, writable
from pipeline.core.settings import Settings
from pipeline.tuning.space import SPACE, is_in_space, sample, settings_of

_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_BATCH = "batch"  # the attribute of a trial with the number of its batch's first trial


class Rung(NamedTuple):
    """The pooled out-of-fold score of a trial after a number of epochs."""

    epoch: int
    score: float


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


class Study:
    """The trials of a search, those of earlier processes included."""

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
        self._asked: set[int] = set()  # the batches that this process trains
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with writable(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            journal = _Journal(path)
        with _valid(path):
            self._storage = JournalStorage(journal)
            self._study = optuna.create_study(
                storage=self._storage, study_name=name, load_if_exists=True
            )
            self._check()

    def next_batch(self, total: int, size: int) -> TrialBatch | None:
        """Return the oldest batch that was not told, completed, or else a new one.

        Args:
            total: The number of trials to end with. The batch is smaller than `size` if
                fewer are missing, and None if none is missing.
            size: The number of trials per batch.
        """
        unfinished = [
            trial.user_attrs[_BATCH] for trial in self._trials(TrialState.RUNNING)
        ]
        left = [batch for batch in unfinished if batch not in self._asked]
        batch = left[0] if left else len(self._trials())
        others = [
            trial
            for trial in self._trials(*_FINISHED)
            if trial.user_attrs[_BATCH] != batch
        ]
        size = min(size, total - len(others) - (len(unfinished) - len(left)))
        if size <= 0:
            return None
        self._asked.add(batch)
        if len(trials := self._of_batch(batch)) < size:
            self._add(batch, size - len(trials), trials)
            trials = self._of_batch(batch)
        return TrialBatch(
            [trial.number for trial in trials],
            [settings_of(trial.params, self._base) for trial in trials],
        )

    def tell(self, batch: TrialBatch, results: Sequence[Sequence[Rung]]) -> None:
        """Record the scores of a batch; trials that missed the last epoch are pruned.

        Trials that were told by an earlier process stay as they are.
        """
        study = self._storage.get_study_id_from_name(self._study.study_name)
        told = {trial.number for trial in self._trials(*_FINISHED)}
        for number, rungs in zip(batch.numbers, results, strict=True):
            if number in told:
                continue
            trial = self._storage.get_trial_id_from_study_id_trial_number(study, number)
            for rung in rungs:
                self._storage.set_trial_intermediate_value(trial, *rung)
            epoch, score = rungs[-1]
            if epoch < self._base.epochs:
                self._study.tell(number, state=TrialState.PRUNED)
            else:
                self._study.tell(number, score)

    def finished_trials(self) -> list[FinishedTrial]:
        """Return the finished trials, best first, pruned ones last."""
        trials = [
            FinishedTrial(
                trial.number,
                settings_of(trial.params, self._base),
                [Rung(*rung) for rung in sorted(trial.intermediate_values.items())],
                trial.state == TrialState.PRUNED,
            )
            for trial in self._trials(*_FINISHED)
        ]
        return sorted(trials, key=lambda trial: (-trial.rungs[-1].epoch, trial.score))

    def _check(self) -> None:
        """Fail early on a journal that no search can have written."""
        for trial in self._trials():
            scores = trial.intermediate_values.values()
            scored = all(isinstance(score, float) for score in scores)
            has_batch = isinstance(trial.user_attrs.get(_BATCH), int)
            if not (scored and has_batch and is_in_space(trial)):
                raise ValueError(f"trial {trial.number} was not written by a search")
        self.finished_trials()

    def _add(self, batch: int, size: int, started: Sequence[FrozenTrial]) -> None:
        """Add trials to a batch, with the hidden layers of those that it has."""
        shape = started[0].params["hidden"] if started else None
        for params in sample(self._trials(), self._base.seed, shape, size):
            self._study.add_trial(
                create_trial(
                    state=TrialState.RUNNING,
                    params=params,
                    distributions=SPACE,
                    user_attrs={_BATCH: batch},
                )
            )

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials by number: those in `states`, or all."""
        return self._study.get_trials(deepcopy=False, states=states or None)

    def _of_batch(self, batch: int) -> list[FrozenTrial]:
        return [trial for trial in self._trials() if trial.user_attrs[_BATCH] == batch]


class _Journal(JournalFileBackend):
    """Optuna's journal without an incomplete last line.

    A full disk, a kill or a power cut can leave one.
    """

    def __init__(self, path: Path) -> None:
        # No lock file, which a killed process would leave: `pipeline.stages.tune` keeps
        # other processes out.
        super().__init__(str(path), Lock())  # type: ignore[arg-type]
        self._path = path
        self._remove_incomplete_line()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append all of the lines, or none.

        Raises:
            UserError: The journal cannot be written to.
        """
        with writable(self._path.parent):
            try:
                super().append_logs(logs)
            except OSError:
                self._remove_incomplete_line()
                raise

    def _remove_incomplete_line(self) -> None:
        with self._path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)


@contextmanager
def _valid(path: Path) -> Iterator[None]:
    """Turn any error of Optuna about the content of a journal into a UserError.

    Raises:
        UserError: The file is not the journal of a search.
    """
    try:
        check_regular(path)
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{path}: not the journal of a search ({error!r}); move it away "
            "to start a new search"
        ) from error
