"""Time and memory of all stages on a table of 100,000 rows and 200 mixed columns.

python -m experiments.wide_table
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.documents import SPEED, put, table
from experiments.row_scaling import measure
from pipeline.core.paths import Project

TRAIN, TEST = 100_000, 10_000
MEASURES, COUNTS, WORDS, DATES = 100, 40, 55, 5
STAGES = ("schema", "preprocess", "train")


def rows() -> pd.DataFrame:
    """Return random rows; a few of the columns decide the target."""
    generator, size = np.random.default_rng(0), TRAIN + TEST
    columns: dict[str, object] = {"id": np.arange(size) + 1}
    for number in range(MEASURES):
        measure = generator.normal(size=size).round(4)
        if number % 5 == 0:
            measure[generator.random(size) < 0.2] = np.nan
        columns[f"measure{number}"] = measure
    for number in range(COUNTS):
        columns[f"count{number}"] = generator.integers(0, 20 + number, size)
    for number in range(WORDS):
        words = np.array([f"w{each}" for each in range(4 + number)])
        columns[f"word{number}"] = words[generator.integers(0, len(words), size)]
    for number in range(DATES):
        days = pd.to_timedelta(generator.integers(0, 4000, size), unit="D")
        columns[f"date{number}"] = pd.Timestamp("2010-01-01") + days
    frame = pd.DataFrame(columns)
    known = 0.3 * frame["measure1"] + 0.01 * frame["count3"]
    known += 0.2 * (frame["word5"] == "w1")
    price = np.exp(11 + known + 0.2 * generator.normal(size=size))
    return frame.assign(price=price.round())


def main() -> None:
    """Run the stages one after the other."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        raw = Project(root).raw
        raw.mkdir(parents=True)
        every = rows()
        every[:TRAIN].to_csv(raw / "train.csv", index=False)
        every[TRAIN:].drop(columns="price").to_csv(raw / "test.csv", index=False)
        for stage in STAGES:
            seconds, peak = measure(root, stage)
            lines.append([stage, f"{seconds:,.0f}", f"{peak:.2f}"])
            print(*lines[-1], sep=" · ", flush=True)
    put("wide", table(["stage", "seconds", "peak GB"], lines), SPEED)


if __name__ == "__main__":
    main()
