"""Time and memory of the stages: with the number of rows, and on a wide table.

python -m experiments.scaling

For the first table the real houses are sampled with replacement, with a little noise so
that no two are the same. The second has 100,000 rows of 200 random columns.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.documents import SPEED, put, table
from experiments.processes import cost, temporary_project
from pipeline.core.paths import Project

PROJECT = Project(Path())
ID, TARGET = "Id", "SalePrice"
TIMES = (1, 10, 100, 1000)
ONE_EPOCH = ("train", "--model", "mlp", "--epochs", "1")
NOISE = 0.02  # standard deviation of the factor on sizes and prices
NOISY = ("LotArea", "BsmtUnfSF", "1stFlrSF", "GrLivArea", "GarageArea", TARGET)
BLOCK = 50_000  # rows written at a time

WIDE_TRAIN, WIDE_TEST = 100_000, 10_000
MEASURES, COUNTS, WORDS, DATES = 100, 40, 55, 5


def write_houses(root: Path, rows: int) -> None:
    """Write train.csv of many rows, and a few test rows, into a project folder."""
    houses, test = (
        pd.read_csv(PROJECT.raw / name, dtype=str, keep_default_na=False)
        for name in ("train.csv", "test.csv")
    )
    raw = Project(root).raw
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
    noisy = {}
    for name in NOISY:
        factor = generator.lognormal(0, NOISE, len(ids))
        noisy[name] = (sampled[name].astype(float) * factor).round().astype(int)
    return sampled.assign(**noisy, **{ID: ids})


def write_wide(root: Path) -> None:
    """Write random rows into a project folder; a few columns decide the target."""
    generator, size = np.random.default_rng(0), WIDE_TRAIN + WIDE_TEST
    columns: dict[str, object] = {"id": np.arange(size) + 1}
    for number in range(MEASURES):
        measure = generator.normal(size=size).round(4)
        if number % 5 == 0:
            measure[generator.random(size) < 0.2] = np.nan
        columns[f"measure{number}"] = measure
    for number in range(COUNTS):
        columns[f"count{number}"] = generator.integers(0, 20 + number, size)
    for number in range(WORDS):
        words = np.array([f"w{index}" for index in range(4 + number)])
        columns[f"word{number}"] = words[generator.integers(0, len(words), size)]
    for number in range(DATES):
        days = pd.to_timedelta(generator.integers(0, 4000, size), unit="D")
        columns[f"date{number}"] = pd.Timestamp("2010-01-01") + days
    rows = pd.DataFrame(columns)
    log_price = 11 + 0.3 * rows["measure1"] + 0.01 * rows["count3"]
    log_price += 0.2 * (rows["word5"] == "w1") + 0.2 * generator.normal(size=size)
    rows["price"] = np.exp(log_price).round()
    raw = Project(root).raw
    rows[:WIDE_TRAIN].to_csv(raw / "train.csv", index=False)
    rows[WIDE_TRAIN:].drop(columns="price").to_csv(raw / "test.csv", index=False)


def main() -> None:
    """Measure both tables."""
    houses, lines = len(pd.read_csv(PROJECT.raw / "train.csv", usecols=[ID])), []
    for times in TIMES:
        line = [f"{times * houses:,}"]
        with temporary_project() as root:
            write_houses(root, times * houses)
            for stage in (("preprocess",), ONE_EPOCH):
                measured = cost(*stage, "--root", str(root))
                line += [f"{measured.seconds:,.1f}", f"{measured.peak_gb:.2f}"]
        print(*line, sep=" · ", flush=True)
        lines.append(line)
    header = ["training rows", "preprocess, seconds", "peak GB"]
    put("rows", table([*header, "train, seconds", "peak GB"], lines), SPEED)
    lines = []
    with temporary_project() as root:
        write_wide(root)
        for name in ("schema", "preprocess", "train"):
            measured = cost(name, "--root", str(root))
            lines.append([name, f"{measured.seconds:,.0f}", f"{measured.peak_gb:.2f}"])
            print(*lines[-1], sep=" · ", flush=True)
    put("wide", table(["stage", "seconds", "peak GB"], lines), SPEED)


if __name__ == "__main__":
    main()
