"""The benchmark: each competitor in its best setting, all of them in turns."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from joblib import cpu_count

from pipeline.bench.measure import Measured, apart, houses, measure, sgemm_rate
from pipeline.bench.task import FOLDS, Setting, Task
from pipeline.core.errors import UserError
from pipeline.core.paths import Project

EPOCHS, LAMBDAS = 20, (0.0, 1.0, 5.0, 10.0)
FEW, MANY = 5, 100  # networks of the engine, for the time per network
TRIAL_EPOCHS = 4  # of one, an engine at work and one that starts look alike
ROUNDS = 3  # in turns, so that a slow spell of the machine meets all competitors

MODULES = {
    "book": "d2l_loop",
    "scikit-learn": "sklearn_mlp",
    "vmap": "torch_vmap",
    "engine": "stacked",
}
_WITH_JOBS = ("scikit-learn", "engine")
_WITH_THREADS = ("book", "scikit-learn", "vmap")


class Entry(NamedTuple):
    """A competitor, what it trains, and how."""

    name: str
    task: Task
    setting: Setting

    def measure(self) -> Measured:
        """Train in a new process."""
        return apart(measure, MODULES[self.name], self.task, self.setting)


class Result(NamedTuple):
    """An entry and its fastest round."""

    entry: Entry
    measured: Measured


Callback = Callable[[Result], None]


def bench(project: Project, hidden: int, callback: Callback) -> dict[str, Any]:
    """Measure all competitors on the houses of data/raw; give the record to show.

    Args:
        project: the project.
        hidden: units of the hidden layer.
        callback: is called after each measurement.

    Raises:
        UserError: no such network, or data/raw cannot be used.
    """
    if hidden < 1:
        raise UserError(f"--hidden {hidden}: must be 1 or more")
    begin = time.perf_counter()
    inputs, target = apart(houses, project)
    task = Task(inputs, target, hidden, EPOCHS, LAMBDAS)
    entries = [best_setting(name, task) for name in MODULES]
    for networks in (FEW, MANY):
        lambdas = tuple(map(float, range(networks // FOLDS)))
        entries.append(best_setting("engine", replace(task, lambdas=lambdas)))
    results, sgemm = _race(entries, callback)
    competitors, engine = results[: len(MODULES)], results[len(MODULES) :]
    book = competitors[0].measured.seconds
    return {
        "rows": [_row(result, book, sgemm) for result in competitors],
        "engine": [
            {
                "networks": result.entry.task.networks,
                "seconds_per_network": result.measured.seconds
                / result.entry.task.networks,
            }
            for result in engine
        ],
        "network": [inputs.shape[1], hidden, 1],
        "networks": task.networks,
        "epochs": EPOCHS,
        "houses": len(target),
        "cores": cpu_count(),
        "sgemm": sgemm,
        "seconds": time.perf_counter() - begin,
    }


def best_setting(name: str, task: Task) -> Entry:
    """The fastest of a competitor's settings in a short trial."""
    trial = replace(task, epochs=TRIAL_EPOCHS)
    settings = settings_of(name, cpu_count())
    seconds = {
        setting: Entry(name, trial, setting).measure().seconds for setting in settings
    }
    return Entry(name, task, min(settings, key=seconds.__getitem__))


def settings_of(name: str, cores: int) -> list[Setting]:
    """One core, and all of them in each way that a competitor can use them."""
    settings = [Setting(jobs=1, threads=1)]
    if cores > 1 and name in _WITH_THREADS:
        settings.append(Setting(jobs=1, threads=cores))
    if cores > 1 and name in _WITH_JOBS:
        settings.append(Setting(jobs=cores, threads=1))
    return settings


def _race(entries: list[Entry], callback: Callback) -> tuple[list[Result], float]:
    """The fastest round of each entry, and the machine's sgemm rate.

    The rate is taken before each measurement, and the best of the whole race counts.
    """
    rounds: list[list[Measured]] = [[] for _ in entries]
    rates = []
    for _ in range(ROUNDS):
        for entry, own in zip(entries, rounds, strict=True):
            rates.append(apart(sgemm_rate, cpu_count()))
            own.append(entry.measure())
            callback(Result(entry, own[-1]))
    fastest = [min(own, key=lambda each: each.seconds) for own in rounds]
    return list(map(Result, entries, fastest)), max(rates)


def _row(result: Result, book: float, sgemm: float) -> dict[str, Any]:
    """What a competitor's time says, given the book's and the machine's rate."""
    (name, task, setting), measured = result
    return {
        "name": name,
        "seconds": measured.seconds,
        "ratio_to_book": book / measured.seconds,
        "sgemm_fraction": task.operations / measured.seconds / sgemm,
        "peak_mb": measured.peak_mb,
        "jobs": setting.jobs,
        "threads": setting.threads,
        "error": measured.error,
    }
