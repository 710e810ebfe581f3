"""Run the benchmark: every competitor in a process of its own, in turns."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

from joblib import cpu_count

from pipeline.bench.measure import (
    Worker,
    default_train,
    load_data,
    measure,
    peak_mb,
    sgemm_rate,
    warm_up,
)
from pipeline.bench.task import FOLDS, BenchmarkTask, Parallelism
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import announce

LAMBDAS = (0.0, 1.0, 5.0, 10.0)
FEW, MANY = 5, 100  # networks of the stacked MLP, for the time per network

MODULES = {
    "book": "d2l_loop",
    "scikit-learn": "sklearn_mlp",
    "vmap": "torch_vmap",
    "engine": "stacked",
}
_IN_PARTS = ("scikit-learn", "engine")  # their networks can train in parallel parts
_ONE_BY_ONE = ("book",)
_WIDE = 128  # hidden units


class Effort(NamedTuple):
    """The epochs of a measurement, and how often each is repeated, in turns."""

    epochs: int
    rounds: int


QUICK, THOROUGH = Effort(epochs=5, rounds=3), Effort(epochs=20, rounds=7)


class Entry(NamedTuple):
    """A competitor, its task, and its parallelism."""

    name: str
    task: BenchmarkTask
    parallelism: Parallelism

    @property
    def arguments(self) -> tuple[str, BenchmarkTask, Parallelism]:
        """The arguments of `warm_up` and `measure`."""
        return MODULES[self.name], self.task, self.parallelism


class Result(NamedTuple):
    """An entry, the seconds of each round, its peak memory in MB, and its error.

    `error` shows that the networks learn: see `measure`.
    """

    entry: Entry
    seconds: list[float]
    peak_mb: float
    error: float


Callback = Callable[[Entry, float], None]


def bench(
    project: Project, hidden: int, effort: Effort, callback: Callback
) -> dict[str, Any]:
    """Measure all competitors on the data of data/raw, and the default `train`.

    Args:
        project: the project.
        hidden: units of the hidden layer.
        effort: how long to measure.
        callback: called with the seconds of each measurement.

    Returns:
        The record for `--json` and the table.

    Raises:
        UserError: `hidden` or data/raw is invalid, or memory cannot be measured here.
    """
    if hidden < 1:
        raise UserError(f"--hidden {hidden}: must be 1 or more")
    begin = time.perf_counter()
    announce("reading data/raw")
    with Worker() as worker:
        data = worker.run(load_data, project)
    task = BenchmarkTask(*data, hidden, effort.epochs, LAMBDAS)
    entries = [_entry(name, task) for name in MODULES]
    for networks in (FEW, MANY):
        lambdas = tuple(map(float, range(networks // FOLDS)))
        entries.append(_entry("engine", replace(task, lambdas=lambdas)))
    results, sgemm = _measure_all(entries, effort.rounds, callback)
    competitors, engine = results[: len(MODULES)], results[len(MODULES) :]
    announce("training with the default settings")
    with Worker() as worker:
        models = worker.run(default_train, project)
    return {
        "rows": [_row(each, competitors[0], sgemm) for each in competitors],
        "engine": [
            {
                "networks": result.entry.task.networks,
                "seconds_per_network": median(result.seconds)
                / result.entry.task.networks,
            }
            for result in engine
        ],
        "train": models,
        "network": [task.inputs.shape[1], hidden, 1],
        "networks": task.networks,
        **effort._asdict(),
        "houses": len(task.target),
        "cores": cpu_count(),
        "sgemm": sgemm,
        "seconds": time.perf_counter() - begin,
    }


def _entry(name: str, task: BenchmarkTask) -> Entry:
    return Entry(name, task, parallelism(name, task.hidden, cpu_count()))


def parallelism(name: str, hidden: int, cores: int) -> Parallelism:
    """Return how a competitor uses the cores.

    Networks that can train in parallel parts do so, a core each. Of the others, the
    products of a single narrow network are so small that threads would wait for each
    other longer than they compute; all others use a thread a core.
    """
    if name in _IN_PARTS:
        return Parallelism(jobs=cores, threads=1)
    if name in _ONE_BY_ONE and hidden < _WIDE:
        return Parallelism(jobs=1, threads=1)
    return Parallelism(jobs=1, threads=cores)


def _measure_all(
    entries: list[Entry], rounds: int, callback: Callback
) -> tuple[list[Result], float]:
    """Return the result of each entry, and the machine's sgemm rate.

    All are measured in turns, so that a slow phase of the machine affects all of them.
    The rate is measured before each round; the highest is returned.
    """
    seconds: list[list[float]] = [[] for _ in entries]
    errors, rates = [0.0] * len(entries), []
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker()) for _ in entries]
        limit = stack.enter_context(Worker())
        announce("starting the competitors")
        started = [
            worker.start(warm_up, *entry.arguments)
            for entry, worker in zip(entries, workers, strict=True)
        ]
        for each in started:
            each.result()
        for number in range(rounds):
            rates.append(limit.run(sgemm_rate, cpu_count()))
            for index, (entry, worker) in enumerate(zip(entries, workers, strict=True)):
                done = number * len(entries) + index
                announce("measuring", done, rounds * len(entries))
                own, errors[index] = worker.run(measure, *entry.arguments)
                seconds[index].append(own)
                callback(entry, own)
        peaks = [
            worker.run(peak_mb, entry.parallelism.jobs)
            for entry, worker in zip(entries, workers, strict=True)
        ]
    return list(map(Result, entries, seconds, peaks, errors)), max(rates)


def _row(result: Result, book: Result, sgemm: float) -> dict[str, Any]:
    """Return a row of the record, given the book's result and the sgemm rate."""
    middle = median(result.seconds)
    return {
        "name": result.entry.name,
        "seconds": middle,
        "fastest": min(result.seconds),
        "slowest": max(result.seconds),
        "ratio_to_book": median(book.seconds) / middle,
        "sgemm_fraction": result.entry.task.operations / middle / sgemm,
        "peak_mb": result.peak_mb,
        **result.entry.parallelism._asdict(),
        "error": result.error,
    }
