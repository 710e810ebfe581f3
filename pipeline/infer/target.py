"""Which column of train.csv is predicted, and by which metric?"""

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError, short
from pipeline.core.metrics import LOG_RMSE, METRICS
from pipeline.infer.options import TEST, TRAIN, Options, check_name, some_of
from pipeline.infer.texts import SKEWED, plain, skewness

_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}


def find_target(train: pd.DataFrame, test: pd.DataFrame, options: Options) -> str:
    """Return the column that is predicted.

    Raises:
        UserError: The files and the options do not tell it.
    """
    if options.target is not None:
        check_name(options.target, list(train.columns), TRAIN, "target")
        if options.target in test.columns:
            raise UserError(
                f"{TEST}: has the target {options.target} too; remove the column, or "
                "give another one with --target"
            )
        return options.target
    only = [name for name in train.columns if name not in test.columns]
    if not only:
        raise UserError(
            f"{TRAIN}: all columns are in {TEST} too; remove the one to predict from "
            f"{TEST}, or are the two files the same or swapped?"
        )
    if len(only) > 1:
        number = _NUMBERS.get(len(only), f"{len(only):,}")
        raise UserError(
            f"{TRAIN}: {number} columns are not in {TEST}: {some_of(only)}; give the "
            "one to predict with --target"
        )
    if not only[0].strip():
        raise UserError(f"{TRAIN}: the column to predict has no name; give it one")
    return only[0]


def find_metric(cells: pd.Series, target: str, metric: str | None) -> tuple[str, str]:
    """Return the metric of a target, and why.

    Args:
        cells: The column of the target as text.
        target: Its name.
        metric: The one that the user wants, if one is given.

    Raises:
        UserError: A cell is not a number, or is not above 0 for the metric log-rmse.
    """
    numbers = _numbers(cells, target)
    if metric is not None and numbers.min() <= METRICS[metric].scale.above:
        row, above = int(numbers.argmin()), METRICS[metric].scale.above
        raise UserError(
            f"{TRAIN}: column {target}, line {row + 2}: {plain(numbers[row])} is not "
            f"above {above:g}, so it has no logarithm; give another --metric than "
            f"{metric}"
        )
    span = f"{plain(numbers.min())} to {plain(numbers.max())}"
    if metric is not None:
        return metric, span
    skewed = skewness(numbers, np.ones(len(numbers)))
    if numbers.min() > 0 and skewed > SKEWED:
        return LOG_RMSE.name, f"{span}, long right tail (skewness {skewed:.1f})"
    return "rmse", span


def _numbers(cells: pd.Series, target: str) -> np.ndarray:
    texts = cells.to_numpy(dtype=object)
    if not len(texts):
        raise UserError(f"{TRAIN}: a header but no rows; give the training rows")
    numbers = np.asarray(pd.to_numeric(texts, errors="coerce"), dtype=float)
    broken = ~np.isfinite(numbers)
    if broken.any():
        row = int(broken.argmax())
        raise UserError(
            f"{TRAIN}: column {target}, line {row + 2}: {short(texts[row])} is not a "
            "number; fix the cell, remove the row, or give another column with --target"
        )
    return numbers
