"""The options of a search, the parts of a search, and how much of its work is done."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from operator import mul
from threading import Lock

from pipeline.core.errors import UserError
from pipeline.core.progress import Callback, Step
from pipeline.core.settings import Settings, check_minimum, option
from pipeline.runs.record import Trial

BATCH_SIZE = 8  # trials that train as one stack
RUNGS = (1 / 3, 2 / 3, 1)  # of the epochs; after each, the worse half is pruned
SCORED_AGAIN = 8  # trials
OTHER_SEEDS = 5

SEARCHING = "searching"
SCORING = "scoring the best trials row by row"
CONFIRMING = "scoring the best on other fold seeds"
TRAINING = "training the best"

# The share of the time limit at which each step ends. The last quarter is for training
# the best, which has been cross-validated in a step before.
_ENDS = {SEARCHING: 0.4, SCORING: 0.7, CONFIRMING: 0.75}


def check_scheduler(backend: str, scheduler: str | None) -> None:
    """Check that Dask has the address of a scheduler, and nothing else has one.

    Raises:
        UserError: It is not so.
    """
    if backend == "dask" and scheduler is None:
        raise UserError(
            "--backend dask: give the address of its scheduler, "
            "like --scheduler tcp://127.0.0.1:8786"
        )
    if backend != "dask" and scheduler is not None:
        raise UserError("--scheduler: needs --backend dask")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The options of `pipeline tune`.

    Raises:
        UserError: A value is outside its range, or two options contradict each other.
    """

    trials: int = option(256, "Total number of trials, earlier ones included.")
    timeout: float | None = option(None, "Time limit in seconds, of the whole command.")
    jobs: int | None = option(
        None, "Parallel batches of trials (default: one per core)."
    )
    backend: str = option(
        "loky",
        "Run trials in local processes or on a Dask cluster.",
        choices=("loky", "dask"),
    )
    scheduler: str | None = option(None, "Dask scheduler, like tcp://127.0.0.1:8786.")
    settings: Settings = field(default_factory=Settings)  # the ones not searched
    begin: float = field(default_factory=time.monotonic, compare=False)

    def __post_init__(self) -> None:
        check_minimum("--trials", self.trials, 1)
        check_minimum("--jobs", self.jobs, 1)
        if self.timeout is not None and not self.timeout > 0:
            raise UserError(f"--timeout {self.timeout:g}: must be more than 0 seconds")
        check_scheduler(self.backend, self.scheduler)

    def left(self, step: str) -> float | None:
        """Return the seconds until a step has to end; None without a time limit."""
        if self.timeout is None:
            return None
        end = self.begin + _ENDS[step] * self.timeout
        return max(0.0, end - time.monotonic())


Report = Callable[[Step, float, list[Trial]], None]
"""Called with the present step, the share of all work that is done, and the finished
trials, best first."""


class Work:
    """Reports which share of the work of `tune` is done.

    The work of a phase is the number of networks that it trains for all epochs. How
    long one takes depends on its hidden layers, so shares are approximate.
    """

    def __init__(self, plan: Plan, finished: int, report: Report) -> None:
        """Plan the work.

        Args:
            plan: The options of the search.
            finished: The number of trials that are finished already.
            report: Called as the work goes on.
        """
        self._callback, self._finished = report, list[Trial]()
        kept = [0.5**number for number in range(len(RUNGS))]  # of the trials, by rung
        steps = [rung - last for last, rung in pairwise((0, *RUNGS))]
        epochs = sum(map(mul, kept, steps))  # of a trial, on average
        missing = max(0, plan.trials - finished)
        again = min(SCORED_AGAIN, round(plan.trials * kept[-1]))
        networks = plan.settings.folds * plan.settings.seeds
        self._networks = {
            SEARCHING: missing * plan.settings.folds * epochs,
            SCORING: (1 + again) * networks,
            CONFIRMING: 2 * OTHER_SEEDS * networks,
            TRAINING: networks,
        }

    def search(self, share: float, finished: list[Trial]) -> None:
        """Report the share of the search that is done, and its trials, best first."""
        self._finished = finished
        self._report(Step(SEARCHING), share)

    def parts(self, phase: str) -> Callable[[int, int], None]:
        """Return the callback for a phase: how many of how many parts are done."""
        return lambda done, total: self._report(Step(phase, done, total), done / total)

    def training(self) -> Callback:
        """Return the callback for training the best settings."""
        done, lock = 0.0, Lock()  # the parts train in threads

        def callback(share: float, _: str) -> None:
            nonlocal done
            with lock:
                done += share
                self._report(Step(TRAINING), done)

        return callback

    def _report(self, step: Step, done: float) -> None:
        """Report a step and the share of its phase that is done."""
        phase = list(self._networks).index(step.text)
        networks = list(self._networks.values())
        work = sum(networks[:phase]) + done * networks[phase]
        self._callback(step, float(work / sum(networks)), self._finished)
