"""The growth of time and memory with the number of rows.

python -m experiments.row_scaling

The real houses are sampled with replacement, with a little noise so that no two are the
same, into a temporary project. There `preprocess` and one epoch of `train` are run.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.common import ID, PROJECT, TARGET
from experiments.documents import SPEED, put, table
from pipeline.core.paths import Project

TIMES = (1, 10, 100, 1000)
STAGES = {"preprocess": (), "train": ("--model", "mlp", "--epochs", "1")}
NOISE = 0.02  # standard deviation of the factor on sizes and prices
NOISY = ("LotArea", "BsmtUnfSF", "1stFlrSF", "GrLivArea", "GarageArea", TARGET)
BLOCK = 50_000  # rows written at a time


def write_project(root: Path, rows: int) -> None:
    """Write train.csv of many rows, and a few test rows, into a project root."""
    houses, test = (
        pd.read_csv(PROJECT.raw / name, dtype=str, keep_default_na=False)
        for name in ("train.csv", "test.csv")
    )
    raw = Project(root).raw
    raw.mkdir(parents=True)
    test[ID] = np.arange(rows + 1, rows + 1 + len(test))
    test.head(100).to_csv(raw / "test.csv", index=False)
    generator = np.random.default_rng(0)
    for start in range(0, rows, BLOCK):
        ids = np.arange(start + 1, min(start + BLOCK, rows) + 1)
        sampled = _sample(houses, ids, generator)
        mode, header = ("a", False) if start else ("w", True)
        sampled.to_csv(raw / "train.csv", mode=mode, header=header, index=False)


def _sample(
    houses: pd.DataFrame, ids: np.ndarray, generator: np.random.Generator
) -> pd.DataFrame:
    """Return houses sampled with replacement, with new Ids."""
    sampled = houses.sample(len(ids), replace=True, random_state=generator)
    noisy = {name: _noisy(sampled[name].astype(float), generator) for name in NOISY}
    return sampled.assign(**noisy, **{ID: ids})


def _noisy(sizes: pd.Series, generator: np.random.Generator) -> pd.Series:
    factor = generator.lognormal(0, NOISE, len(sizes))
    return (sizes * factor).round().astype(int)


def measure(root: Path, stage: str, options: Sequence[str] = ()) -> tuple[float, float]:
    """Run a stage in a process of its own; return seconds and peak memory in GB."""
    cost = [sys.executable, "-m", "experiments.process_cost"]
    command = [sys.executable, "-m", "pipeline", stage, "--root", str(root)]
    found = subprocess.run(
        [*cost, *command, *options],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    record = json.loads(found.stdout)
    if record["status"]:
        raise RuntimeError(f"{stage} on {root}: exit status {record['status']}")
    return record["seconds"], record["peak_gb"]


def main() -> None:
    """Run both stages on data of every size."""
    houses = len(pd.read_csv(PROJECT.raw / "train.csv", usecols=[ID]))
    lines = []
    for times in TIMES:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_project(root, times * houses)
            line = [f"{times * houses:,}"]
            for stage, options in STAGES.items():
                seconds, peak = measure(root, stage, options)
                line += [f"{seconds:,.1f}", f"{peak:.2f}"]
        lines.append(line)
        print(*line, sep=" · ", flush=True)
    header = ["training rows"]
    for stage in STAGES:
        header += [f"{stage}, seconds", "peak GB"]
    put("rows", table(header, lines), SPEED)


if __name__ == "__main__":
    main()
