"""The speed of the stacked MLP beside the book's loop, scikit-learn and vmap.

make bench, or: python -m experiments.speed [--thorough] [--hidden 64] [--json]

All implementations train the same networks (`experiments/competitors.py`), in separate
processes that have trained one epoch as a warm-up. They are timed in turns, so that a
slow phase of the machine affects all of them.
"""

import argparse
import json
import signal
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from joblib import cpu_count
from joblib.externals.loky import get_reusable_executor

from experiments.competitors import COMPETITORS, Task, load
from experiments.documents import table
from pipeline.core.errors import INTERRUPTED, INTERRUPTED_LINE, UserError, one_line
from pipeline.core.paths import Project
from pipeline.core.settings import check_minimum

SGEMM_SIZE, SGEMM_TIMES = 2048, 5
_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10  # in units of ru_maxrss
QUICK, THOROUGH = {"epochs": 5, "rounds": 3}, {"epochs": 20, "rounds": 7}

COLUMNS = {  # of the table: the key in a row, its title and its format
    "name": ("", ""),
    "seconds": ("seconds", ".2f"),
    "fastest": ("from", ".2f"),
    "slowest": ("to", ".2f"),
    "ratio_to_book": ("× the book", ".1f"),
    "sgemm_fraction": ("of sgemm", ".2f"),
    "peak_mb": ("peak MB", ".0f"),
    "jobs": ("jobs", ""),
    "threads": ("threads", ""),
    "error": ("error", ".2f"),
}


def process() -> ProcessPoolExecutor:
    """Return a new process, which starts with its first call.

    On Linux its peak memory includes that of its parent. So this module imports no
    large library, and the new process imports only what its calls need.
    """
    ignore_ctrl_c = (signal.SIGINT, signal.SIG_IGN)  # only the parent reacts to it
    return ProcessPoolExecutor(
        1, get_context("spawn"), initializer=signal.signal, initargs=ignore_ctrl_c
    )


def compare(project: Project, hidden: int, epochs: int, rounds: int) -> dict[str, Any]:
    """Measure all implementations on the data of data/raw; return the record.

    Raises:
        UserError: `hidden` or data/raw is invalid, or memory cannot be measured here.
    """
    check_minimum("--hidden", hidden, 1)
    peak_mb(jobs=0)  # fail before anything is trained
    begin = time.perf_counter()
    tell("reading data/raw\n")
    with process() as worker:
        task = worker.submit(load, project, hidden, epochs).result()
    tasks = {name: on_cores(name, task, cpu_count()) for name in COMPETITORS}
    rows, sgemm = measure(tasks, rounds)
    for row in rows:
        row["ratio_to_book"] = rows[0]["seconds"] / row["seconds"]
        row["sgemm_fraction"] = task.operations / row["seconds"] / sgemm
    return {
        "rows": rows,
        "network": [task.inputs.shape[1], hidden, 1],
        "networks": task.networks,
        "epochs": epochs,
        "rounds": rounds,
        "houses": len(task.target),
        "cores": cpu_count(),
        "sgemm": sgemm,
        "seconds": time.perf_counter() - begin,
    }


def on_cores(name: str, task: Task, cores: int) -> Task:
    """Return the task with the jobs and threads of an implementation.

    Networks that can train in parallel parts do so, one core per part. Among the
    others, the products of a single narrow network are so small that threads would wait
    for each other longer than they compute. All others use a thread per core.
    """
    if name in {"scikit-learn", "engine"}:
        return replace(task, jobs=cores)
    if name == "book" and task.hidden < 128:
        return task
    return replace(task, threads=cores)


def measure(tasks: dict[str, Task], rounds: int) -> tuple[list[dict[str, Any]], float]:
    """Time all in turns; return a row for each, and the highest of the sgemm rates."""
    rates, seconds, errors, rows = [], defaultdict(list), {}, []
    with ExitStack() as stack:
        workers = {name: stack.enter_context(process()) for name in (*tasks, "sgemm")}
        tell("starting the implementations\n")
        for name, task in tasks.items():
            workers[name].submit(run, name, replace(task, epochs=1)).result()
        for number in range(1, rounds + 1):
            rates.append(workers["sgemm"].submit(sgemm_rate, cpu_count()).result())
            for name, task in tasks.items():
                tell(f"round {number} of {rounds}: {name}: ")
                taken, errors[name] = workers[name].submit(run, name, task).result()
                seconds[name].append(taken)
                tell(f"{taken:.2f} s\n")
        for name, task in tasks.items():
            row = {
                "name": name,
                "seconds": median(seconds[name]),
                "fastest": min(seconds[name]),
                "slowest": max(seconds[name]),
                "peak_mb": workers[name].submit(peak_mb, task.jobs).result(),
                "jobs": task.jobs,
                "threads": task.threads,
                "error": errors[name],
            }
            rows.append(row)
    return rows, max(rates)


def run(name: str, task: Task) -> tuple[float, float]:
    """Train an implementation; return the seconds and the error.

    The error is the mean validation error of the networks with the first λ, in standard
    deviations of the log price. It shows that the networks learn.
    """
    begin = time.perf_counter()
    errors = COMPETITORS[name](task)
    return time.perf_counter() - begin, float(errors[0].mean())


def sgemm_rate(cores: int) -> float:
    """Return the machine's rate of large matrix products, in operations per second.

    It is the highest rate of torch and NumPy, with one thread and with one per core.
    """
    import numpy as np
    import torch
    from threadpoolctl import threadpool_limits

    left, right = torch.randn(2, SGEMM_SIZE, SGEMM_SIZE)
    seconds = []
    for threads in {1, cores}:
        torch.set_num_threads(threads)
        with threadpool_limits(threads):
            for product in (torch.mm, lambda *two: np.matmul(*map(np.asarray, two))):
                product(left, right)  # the first call starts threads
                for _ in range(SGEMM_TIMES):
                    begin = time.perf_counter()
                    product(left, right)
                    seconds.append(time.perf_counter() - begin)
    return 2 * SGEMM_SIZE**3 / min(seconds)


def peak_mb(jobs: int) -> float:
    """Return the peak memory of this process and its workers, in MB.

    Each worker is counted as the largest of them.

    Raises:
        UserError: The system does not measure it.
    """
    try:
        import resource
    except ImportError:
        raise UserError("peak memory is measured on Linux and macOS only") from None
    get_reusable_executor().shutdown(wait=True)  # only ended workers are counted
    parent, largest_worker = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return (parent + jobs * largest_worker) / _MEGABYTE


def text(record: dict[str, Any]) -> str:
    """Return the record as a title and a table, as docs/speed.md shows it."""
    network = "-".join(map(str, record["network"]))
    lines = [
        [format(row[name], form) for name, (_, form) in COLUMNS.items()]
        for row in record["rows"]
    ]
    header = [title for title, _ in COLUMNS.values()]
    return (
        f"{record['networks']} networks {network}, {record['epochs']} epochs, "
        f"{record['rounds']} rounds, {record['houses']:,} houses, "
        f"{record['cores']} cores, sgemm {record['sgemm'] / 1e9:.0f} billion "
        f"operations per second\n\n{table(header, lines)}"
    )


def tell(message: str) -> None:
    """Write the progress to standard error."""
    print(message, end="", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Compare, and print the table or the record."""
    parser = argparse.ArgumentParser(prog="speed", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(), help="project folder")
    parser.add_argument("--hidden", type=int, default=256, help="hidden units")
    parser.add_argument(
        "--thorough", action="store_true", help="more epochs and rounds"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    effort = THOROUGH if options.thorough else QUICK  # epochs and rounds
    try:
        record = compare(Project(options.root), options.hidden, **effort)
    except UserError as error:
        parser.exit(2, f"error: {one_line(error)}\n")
    except KeyboardInterrupt:
        parser.exit(INTERRUPTED, f"\n{INTERRUPTED_LINE}\n")
    print(json.dumps(record) if options.json else text(record))


if __name__ == "__main__":
    main()
