"""Run the benchmark: every competitor with its fastest parallelism, in turns."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from joblib import cpu_count

from pipeline.bench.measure import Measured, apart, load_data, measure, sgemm_rate
from pipeline.bench.task import FOLDS, BenchmarkTask, Parallelism
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import announce

EPOCHS, LAMBDAS = 20, (0.0, 1.0, 5.0, 10.0)
FEW, MANY = 5, 100  # networks of the stacked MLP, for the time per network
TRIAL_EPOCHS = 4  # fewer would measure the start-up of threads
ROUNDS = 3  # in turns, so that a slow phase of the machine affects all competitors

MODULES = {
    "book": "d2l_loop",
    "scikit-learn": "sklearn_mlp",
    "vmap": "torch_vmap",
    "engine": "stacked",
}
_WITH_JOBS = ("scikit-learn", "engine")
_WITH_THREADS = ("book", "scikit-learn", "vmap")


class Entry(NamedTuple):
    """A competitor, its task, and its parallelism."""

    name: str
    task: BenchmarkTask
    parallelism: Parallelism

    def measure(self) -> Measured:
        """Train and measure in a new process."""
        return apart(measure, MODULES[self.name], self.task, self.parallelism)


class Result(NamedTuple):
    """An entry and the measurement of its fastest round."""

    entry: Entry
    measured: Measured


Callback = Callable[[Result], None]


def bench(project: Project, hidden: int, callback: Callback) -> dict[str, Any]:
    """Measure all competitors on the data of data/raw.

    Args:
        project: the project.
        hidden: units of the hidden layer.
        callback: called after each measurement.

    Returns:
        The record for `--json` and the table.

    Raises:
        UserError: `hidden` or data/raw is invalid, or memory cannot be measured here.
    """
    if hidden < 1:
        raise UserError(f"--hidden {hidden}: must be 1 or more")
    begin = time.perf_counter()
    announce("reading data/raw")
    data = apart(load_data, project)
    task = BenchmarkTask(*data, hidden, EPOCHS, LAMBDAS)
    entries = [fastest(name, task) for name in MODULES]
    for networks in (FEW, MANY):
        lambdas = tuple(map(float, range(networks // FOLDS)))
        entries.append(fastest("engine", replace(task, lambdas=lambdas)))
    results, sgemm = _measure_all(entries, callback)
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
        "network": [task.inputs.shape[1], hidden, 1],
        "networks": task.networks,
        "epochs": EPOCHS,
        "houses": len(task.target),
        "cores": cpu_count(),
        "sgemm": sgemm,
        "seconds": time.perf_counter() - begin,
    }


def fastest(name: str, task: BenchmarkTask) -> Entry:
    """Return a competitor with the parallelism that is fastest in a short trial."""
    announce(f"{name}: choosing the jobs and threads")
    trial = replace(task, epochs=TRIAL_EPOCHS)
    seconds = {
        each: Entry(name, trial, each).measure().seconds
        for each in parallelisms(name, cpu_count())
    }
    return Entry(name, task, min(seconds, key=seconds.__getitem__))


def parallelisms(name: str, cores: int) -> list[Parallelism]:
    """Return one core, and all cores in each way that a competitor can use them."""
    found = [Parallelism(jobs=1, threads=1)]
    if cores > 1 and name in _WITH_THREADS:
        found.append(Parallelism(jobs=1, threads=cores))
    if cores > 1 and name in _WITH_JOBS:
        found.append(Parallelism(jobs=cores, threads=1))
    return found


def _measure_all(
    entries: list[Entry], callback: Callback
) -> tuple[list[Result], float]:
    """Return the fastest round of each entry, and the machine's sgemm rate.

    The rate is measured before each round of an entry; the highest is returned.
    """
    rounds: list[list[Measured]] = [[] for _ in entries]
    rates = []
    for number in range(ROUNDS):
        for index, (entry, own) in enumerate(zip(entries, rounds, strict=True)):
            done = number * len(entries) + index
            announce("measuring", done, ROUNDS * len(entries))
            rates.append(apart(sgemm_rate, cpu_count()))
            own.append(entry.measure())
            callback(Result(entry, own[-1]))
    best = [min(own, key=lambda each: each.seconds) for own in rounds]
    return list(map(Result, entries, best)), max(rates)


def _row(result: Result, book: float, sgemm: float) -> dict[str, Any]:
    """Return a row of the record, given the book's seconds and the sgemm rate."""
    (name, task, parallelism), measured = result
    return {
        "name": name,
        "seconds": measured.seconds,
        "ratio_to_book": book / measured.seconds,
        "sgemm_fraction": task.operations / measured.seconds / sgemm,
        "peak_mb": measured.peak_mb,
        "jobs": parallelism.jobs,
        "threads": parallelism.threads,
        "error": measured.error,
    }
