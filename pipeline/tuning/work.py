"""The work of `tune` as a whole, so that the time left is that of the command."""

from collections.abc import Callable
from itertools import takewhile
from threading import Lock

from pipeline.core.progress import Step
from pipeline.core.settings import Settings
from pipeline.tuning.plan import HELD_OUT_SEEDS, SCORED_AGAIN, Plan
from pipeline.tuning.search import Progress
from pipeline.validation.parallel import Callback

SEARCHING = "searching"
SCORING = "scoring the best trials row by row"
CONFIRMING = "confirming the best on held-out fold seeds"
TRAINING = "training the best"
# Of 8 trials, 8, then 4, then 2 train for a third of the epochs each. The last 2 of
# them are not pruned.
_EPOCHS, _NOT_PRUNED = 7 / 12, 1 / 4


class Work:
    """Reports which share of the work of `tune` is done.

    The work of a phase is the number of networks that it trains for all epochs. How
    long one takes depends on its hidden layers, so shares are approximate.
    """

    def __init__(
        self, plan: Plan, finished: int, callback: Callable[[Progress], None]
    ) -> None:
        """Plan the work.

        Args:
            plan: the options of the search.
            finished: the number of trials that are finished already.
            callback: called with the progress.
        """
        self._callback = callback
        self._progress = Progress([], plan.trials, 0.0)
        networks = plan.settings.networks
        missing = max(0, plan.trials - finished)
        again = min(SCORED_AGAIN, round(plan.trials * _NOT_PRUNED))
        self._networks = {
            SEARCHING: missing * plan.settings.folds * _EPOCHS,
            SCORING: (1 + again) * networks,
            CONFIRMING: 2 * HELD_OUT_SEEDS * networks,
            TRAINING: networks,
        }

    def search(self, progress: Progress) -> None:
        """Report the progress of the search."""
        self._progress = progress
        self._report(progress.step, self._share(SEARCHING, progress.share))

    def part(self, phase: str, done: int, total: int) -> None:
        """Report that some of the parts of a phase are done."""
        self._report(Step(phase, done, total), self._share(phase, done / total))

    def training(self, settings: Settings) -> Callback:
        """Return the callback for training the best settings."""
        total = settings.networks * settings.epochs
        done, lock = 0, Lock()  # the parts train in threads

        def callback(_: int, steps: int, __: list[float]) -> None:
            nonlocal done
            with lock:
                done += steps
                self._report(Step(TRAINING), self._share(TRAINING, done / total))

        return callback

    def _share(self, phase: str, done: float) -> float:
        earlier = takewhile(lambda name: name != phase, self._networks)
        before = sum(self._networks[name] for name in earlier)
        return (before + done * self._networks[phase]) / sum(self._networks.values())

    def _report(self, step: Step, share: float) -> None:
        self._callback(self._progress._replace(step=step, share=share))
