"""How many held-out prices are in the 80 % interval of `pipeline explain`.

python -m experiments.intervals [ridge]

Each fifth of the houses is held out once: the models are trained on the others, in
folds as always, and each held-out price is compared with its interval.
"""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.cv_score import load, validate
from pipeline.core.metrics import METRICS
from pipeline.core.settings import MODELS, Settings
from pipeline.data.dataset import Dataset
from pipeline.explain.interval import Intervals
from pipeline.validation.clipping import places_of

PARTS = 5
PLACES = 5  # the largest that are shown


def held_out(dataset: Dataset, settings: Settings) -> pd.DataFrame:
    """Return for each row its place, prediction, ends of the interval, and target.

    All are transformed. Each row is held out once.
    """
    rows = dataset.train
    order = np.random.default_rng(0).permutation(len(rows))
    found = []
    for held in np.array_split(order, PARTS):
        test = rows.iloc[held].reset_index(drop=True)
        train = rows.drop(index=held).reset_index(drop=True)
        part = replace(dataset, train=train, test=test)
        found.append(_intervals(part, settings))
    return pd.concat(found, ignore_index=True)


def _intervals(dataset: Dataset, settings: Settings) -> pd.DataFrame:
    result = validate(dataset, settings)
    transform, schema = METRICS[dataset.schema.metric].transform, dataset.schema
    known, places = places_of(dataset.train, schema), places_of(dataset.test, schema)
    out_of_fold, by_fold = result.predictions.out_of_fold, result.predictions.test
    actual = transform(dataset.actual)
    intervals = Intervals.fit(out_of_fold, actual, result.data.fold_of, known)
    ends = [intervals.of_new(*row) for row in zip(by_fold.T, places, strict=True)]
    actual = transform(dataset.test[schema.target].to_numpy(float))
    columns = {"place": places, "predicted": by_fold.mean(axis=0), "actual": actual}
    frame = pd.DataFrame(columns)
    frame[["low", "high"]] = ends
    return frame.assign(inside=frame["actual"].between(frame["low"], frame["high"]))


def coverage(rows: pd.DataFrame) -> pd.Series:
    """Return the share of rows in their interval: all, each fifth, largest places."""
    fifths = pd.qcut(rows["predicted"], 5, labels=[f"fifth {n}" for n in range(1, 6)])
    largest = rows["place"].value_counts().index[:PLACES]
    return pd.concat(
        [
            pd.Series({"all": rows["inside"].mean()}),
            rows.groupby(fifths, observed=True)["inside"].mean(),
            rows.groupby("place", observed=True)["inside"].mean()[largest],
        ]
    )


def main() -> None:
    """Print the coverage and the median width."""
    models = tuple(sys.argv[1:]) or MODELS
    rows = held_out(load(), Settings(models=models))
    print(coverage(rows).map("{:.1%}".format).to_string())
    low, high = (np.exp(rows[end] - rows["predicted"]) for end in ("low", "high"))
    width = high - low
    print(f"median width: {width.median():.1%} of the prediction")


if __name__ == "__main__":
    main()
