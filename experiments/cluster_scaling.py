"""The data and time that a search takes, and its time on more machines.

python -m experiments.cluster_scaling
"""

import math
import pickle  # noqa: TID251 (dask sends pickles; here they are only measured)
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from distributed import Client, LocalCluster

from experiments.common import load
from experiments.documents import SCALE, put, table
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.tuning import search
from pipeline.tuning.plan import BATCH_SIZE, rungs_of
from pipeline.tuning.space import SHAPES
from pipeline.tuning.study import Rung, Study

BASE = Settings()
TRIALS = [replace(BASE, dropout=0.1 + n / 20) for n in range(BATCH_SIZE)]
CORES = 2  # of a machine
MACHINES = (1, 10, 100)
CHOICE, CONFIRMATION = 9, 10  # scores after the last trial, each of all folds


class Serial(NamedTuple):
    """Seconds to ask for a batch and to tell it, by the number of finished trials."""

    trials: list[int]
    seconds: list[float]

    def total(self, trials: int) -> float:
        """Return the sum over a search, from a line fitted to the measured points."""
        slope, first = np.polyfit(self.trials, self.seconds, 1)
        before = np.arange(0, trials, BATCH_SIZE)
        return float((first + slope * before).sum())


def main() -> None:
    """Measure the parts, and compute the time of a search from them."""
    houses = load().dataset
    encoded = search._encode(houses, BASE)
    price = houses.train["SalePrice"].to_numpy()
    batches = {shape: _batch_seconds(encoded, price, shape) for shape in SHAPES}
    confirming = _cpu_seconds(lambda: search._losses(houses, BASE))
    serial = _serial()
    put("sent", _sent(houses, encoded, price), SCALE)
    put("batches", _batch_table(batches, confirming), SCALE)
    put("serial", _serial_table(serial), SCALE)
    put("machines", _machines(max(batches.values()), confirming, serial), SCALE)


def _batch_seconds(encoded: object, price: np.ndarray, shape: str) -> float:
    hidden = tuple(map(int, shape.split(",")))
    trials = [replace(trial, hidden=hidden) for trial in TRIALS]
    return _cpu_seconds(lambda: search.successive_halving(encoded, price, trials))


def _cpu_seconds(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def _serial() -> Serial:
    """Measure ask and tell. Scores are invented: only the number of trials matters."""
    steps, last = (256, 512, 1024), 1024 + 4 * BATCH_SIZE
    seconds: dict[int, list[float]] = {step: [] for step in steps}
    ends = [rungs_of(BASE.epochs)[n] for n in (0, 0, 0, 0, 1, 1, 2, 2)]
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder) / "journal", "scale", BASE)
        for told in range(0, last, BATCH_SIZE):
            begin = time.process_time()
            batch = study.next_batch(last, BATCH_SIZE)
            scores = [trial.lr for trial in batch.settings]
            study.tell(batch, [[Rung(e, s)] for e, s in zip(ends, scores, strict=True)])
            study.finished_trials()
            for step in steps:
                if step <= told < step + 4 * BATCH_SIZE:
                    seconds[step].append(time.process_time() - begin)
    return Serial(list(steps), [float(np.mean(times)) for times in seconds.values()])


def _sent(houses: Dataset, encoded: object, price: np.ndarray) -> str:
    task = pickle.dumps((price, TRIALS))
    result = [[Rung(40, 0.11)] * 3] * BATCH_SIZE
    rows = [
        ["the cleaned rows, to one worker", "three times per search", _kb(houses)],
        ["the encoded rows, to each worker", "once per search", _kb(encoded)],
        ["a batch of 8 trials, to a worker", "32 times", f"{len(task) / 1e3:,.1f}"],
        ["its scores, to the search", "32 times", _kb(result)],
    ]
    text = table(["data", "how often in 256 trials", "kB"], rows)
    milliseconds = 1e3 * _round_trip(encoded, price)
    return f"{text}\n\nThe round trip of a batch takes {milliseconds:.0f} ms."


def _kb(value: object) -> str:
    return f"{len(pickle.dumps(value)) / 1e3:,.1f}"


def _round_trip(encoded: object, price: np.ndarray, times: int = 50) -> float:
    """Return the seconds of an empty batch, on a worker of this machine."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as here,
        Client(here) as client,
    ):
        shared = client.submit(lambda: encoded, pure=False)
        calls = [lambda: client.submit(len, (shared, price, TRIALS), pure=False)] * (
            times + 1
        )
        calls[0]().result()  # the rows are sent with the first
        begin = time.perf_counter()
        for call in calls[1:]:
            call().result()
        return (time.perf_counter() - begin) / times


def _batch_table(batches: dict[str, float], confirming: float) -> str:
    rows = [[f"`{shape}`", f"{seconds:.1f}"] for shape, seconds in batches.items()]
    text = table(["hidden layers", "core seconds per batch of 8"], rows)
    return (
        f"{text}\n\nAfter the last trial, {CHOICE} scores choose the winner and "
        f"{CONFIRMATION} confirm it. Each takes {confirming:.1f} core seconds."
    )


def _serial_table(serial: Serial) -> str:
    rows = [
        [f"{trials:,}", f"{1e3 * seconds:.0f}"]
        for trials, seconds in zip(*serial, strict=True)
    ]
    return table(
        ["trials finished", "ms to ask for 8 trials and tell their scores"], rows
    )


def _machines(batch: float, confirming: float, serial: Serial) -> str:
    rows = []
    for machines in MACHINES:
        cores = CORES * machines
        for trials in sorted({256, 256 * machines}):
            rounds = math.ceil(trials / BATCH_SIZE / cores)
            training, asking = rounds * batch, serial.total(trials)
            last = math.ceil(CHOICE / cores) + math.ceil(CONFIRMATION / cores)
            seconds = max(training, asking) + last * confirming
            rows.append(
                [
                    f"{machines} × {CORES} cores",
                    f"{trials:,}",
                    f"{training:,.0f}",
                    f"{asking:,.0f}",
                    f"{seconds:,.0f}",
                    f"{machines * seconds / 3600:.2f}",
                ]
            )
    header = ["machines", "trials", "training, s", "ask and tell, s", "search, s"]
    return table([*header, "machine hours"], rows)


if __name__ == "__main__":
    main()
