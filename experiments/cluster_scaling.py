"""The data and time that a search takes, and its time on more machines.

python -m experiments.cluster_scaling
"""

import pickle  # noqa: TID251 (dask sends pickles; here they are only measured)
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np

from experiments.common import load
from experiments.documents import SCALE, put, table
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.tuning import search
from pipeline.tuning.plan import BATCH_SIZE, HELD_OUT_SEEDS, SCORED_AGAIN
from pipeline.tuning.space import SHAPES
from pipeline.tuning.study import Rung, Study

BASE = Settings(models=("mlp",))  # as `pipeline tune` has it
TRIALS = [replace(BASE, dropout=0.1 + n / 20) for n in range(BATCH_SIZE)]
CORES = 2  # of a machine
MACHINES = (1, 10, 100)
STEPS = (256, 512, 1024)  # finished trials at which ask and tell are shown
SHOWN = 4  # batches after a step; their mean is shown
CHOICE, CONFIRMATION = 1 + SCORED_AGAIN, 2 * HELD_OUT_SEEDS  # scores, each of all folds


def main() -> None:
    """Measure the parts, and compute the time of a search from them."""
    dataset = load()
    tensors = search._encode(dataset, BASE)
    put("sent", sent_table(dataset, tensors), SCALE)
    batches = {}
    for shape in SHAPES:
        hidden = tuple(map(int, shape.split(",")))
        trials = [replace(trial, hidden=hidden) for trial in TRIALS]
        batches[shape] = cpu_seconds(search.successive_halving, tensors, trials)
    scoring = cpu_seconds(search._losses, dataset, BASE)
    put("batches", batch_table(batches, scoring), SCALE)
    serial = ask_and_tell()
    put("serial", serial_table(serial), SCALE)
    put("machines", machine_table(max(batches.values()), scoring, serial), SCALE)


def sent_table(dataset: Dataset, tensors: object) -> str:
    """Return the sizes of what Dask sends."""
    results = [[Rung(40, 0.11)] * 3] * BATCH_SIZE
    rows = [
        ["the cleaned rows, to one worker", "three times per search", size(dataset)],
        ["the encoded rows, to each worker", "once per search", size(tensors)],
        ["a batch of 8 trials, to a worker", "32 times", size(TRIALS)],
        ["its scores, to the search", "32 times", size(results)],
    ]
    return table(["data", "how often in 256 trials", "kB"], rows)


def size(value: object) -> str:
    """Return the kB of a value."""
    return f"{len(pickle.dumps(value)) / 1e3:,.1f}"


def batch_table(batches: dict[str, float], scoring: float) -> str:
    """Return the core seconds of a batch by hidden layers, and of a score below."""
    rows = [[f"`{shape}`", f"{seconds:.1f}"] for shape, seconds in batches.items()]
    return (
        f"{table(['hidden layers', 'core seconds per batch of 8'], rows)}\n\n"
        f"After the last trial, {CHOICE} scores choose the winner and {CONFIRMATION} "
        f"confirm it. Each takes {scoring:.1f} core seconds."
    )


def cpu_seconds(function: Callable[..., object], *arguments: object) -> float:
    """Return the core seconds of a call."""
    begin = time.process_time()
    function(*arguments)
    return time.process_time() - begin


def ask_and_tell() -> np.ndarray:
    """Return the core seconds to ask for each batch of a search and tell its scores.

    The scores are invented: only the number of trials matters.
    """
    last = STEPS[-1] + SHOWN * BATCH_SIZE
    ends = [search.rungs_of(BASE.epochs)[n] for n in (0, 0, 0, 0, 1, 1, 2, 2)]
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder) / "journal", "scale", BASE)
        for _ in range(0, last, BATCH_SIZE):
            begin = time.process_time()
            batch = study.next_batch(last, BATCH_SIZE)
            scores = [trial.lr for trial in batch.settings]
            study.tell(batch, [[Rung(e, s)] for e, s in zip(ends, scores, strict=True)])
            study.finished_trials()
            seconds.append(time.process_time() - begin)
    return np.array(seconds)


def serial_table(serial: np.ndarray) -> str:
    """Return the mean of a few batches after some numbers of finished trials."""
    rows = []
    for trials in STEPS:
        first = trials // BATCH_SIZE
        mean = serial[first : first + SHOWN].mean()
        rows.append([f"{trials:,}", f"{1e3 * mean:.0f}"])
    header = ["trials finished", "ms to ask for 8 trials and tell their scores"]
    return table(header, rows)


def machine_table(batch: float, scoring: float, serial: np.ndarray) -> str:
    """Compute the time of searches. The more trials, the slower are ask and tell."""
    slope, first = np.polyfit(np.arange(len(serial)), serial, 1)
    rows = []
    for machines in MACHINES:
        cores = CORES * machines
        for trials in sorted({256, 256 * machines}):
            batches = trials // BATCH_SIZE
            training = ceil(batches / cores) * batch
            asking = (first + slope * np.arange(batches)).sum()
            scores = ceil(CHOICE / cores) + ceil(CONFIRMATION / cores)
            total = max(training, asking) + scores * scoring
            numbers = (f"{n:,.0f}" for n in (trials, training, asking, total))
            hours = f"{machines * total / 3600:.2f}"
            rows.append([f"{machines} × {CORES} cores", *numbers, hours])
    header = ["machines", "trials", "training, s", "ask and tell, s", "search, s"]
    return table([*header, "machine hours"], rows)


if __name__ == "__main__":
    main()
