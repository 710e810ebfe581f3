"""Hints of leaks and drift: what a reader should look at. Nothing is changed.

Columns are looked at one by one. A column that orders the training rows as the target
does is a leak: it may hold what is known only after the target. A column that separates
the test rows from the training rows has drifted (adversarial validation): scores on the
training rows may not hold for the test rows. If a date separates them completely, the
test rows are later or earlier, and scores on shuffled folds are too good.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

LEAK = 0.95  # rank correlation with the target; the highest of Ames has 0.81
DRIFT = 0.6  # area under the ROC curve (AUC); 0.5 is chance
MOST_ROWS = 20_000  # a random sample of each longer file
_FEWEST = 20  # rows; fewer have any order by chance
_STANDARD_ERRORS = 5  # of the AUC by chance: there are many columns


class Hint(NamedTuple):
    """A hint: one of `leak`, `time`, `drift` and `duplicates`.

    Attributes:
        about: which of them.
        column: the column, or "" for `duplicates`.
        value: the rank correlation, the AUC, or the number of rows.
    """

    about: str
    column: str
    value: float


def find_hints(train: pd.DataFrame, test: pd.DataFrame, target: str) -> list[Hint]:
    """Return hints of leaks and drift.

    Args:
        train: the columns of the training rows, and the target.
        test: the same columns of the test rows.
        target: the name of the target.
    """
    hints = [*_duplicates(train[test.columns], test), *_later(train, test)]
    train, test = (_sample(frame) for frame in (train, test))
    ranked = train[target].rank().to_numpy()
    is_test = np.repeat([0.0, 1.0], [len(train), len(test)])
    dates = [hint.column for hint in hints]  # that have a hint already
    for name in test.columns.difference(dates, sort=False):
        present = train[name].notna().to_numpy()
        correlation = _correlation(_ordered(train[name][present], ranked[present]))
        if abs(correlation) >= LEAK:
            hints.append(Hint("leak", name, round(correlation, 4)))
        both = pd.concat([train[name], test[name]], ignore_index=True)
        area = _area(_ordered(both, is_test))
        chance = np.sqrt((len(both) + 1) / (12 * len(train) * max(1, len(test))))
        if area >= max(DRIFT, 0.5 + _STANDARD_ERRORS * chance):
            hints.append(Hint("drift", name, round(area, 4)))
    return hints


def _duplicates(train: pd.DataFrame, test: pd.DataFrame) -> list[Hint]:
    """Return the number of test rows that are equal to a training row."""
    train_hashes, test_hashes = (
        pd.util.hash_pandas_object(frame, index=False) for frame in (train, test)
    )
    number = int(test_hashes.isin(train_hashes).sum())
    return [Hint("duplicates", "", number)] if number else []


def _later(train: pd.DataFrame, test: pd.DataFrame) -> list[Hint]:
    """Return hints of dates that are all later in one of the files."""
    hints = []
    for name in test.select_dtypes("datetime").columns:
        before, after = train[name].dropna(), test[name].dropna()
        if before.empty or after.empty:
            continue
        if before.max() <= after.min() or after.max() <= before.min():
            hints.append(Hint("time", name, 1.0))
    return hints


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    rows = min(len(frame), MOST_ROWS)
    return frame.sample(rows, random_state=0).reset_index(drop=True)


# A column as numbers, and the labels that it should order, for the same rows.
_Ordered = tuple[np.ndarray, np.ndarray]


def _ordered(column: pd.Series, labels: np.ndarray) -> list[_Ordered]:
    """Return a column as numbers: a list of one part, of two, or none without values.

    A missing number is below all others. Categories are split into two halves: each
    becomes the mean label of its rows in the other half, so that a category with a
    single row tells nothing.
    """
    if column.isna().all():
        return []
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype("int64").where(column.notna())
    if pd.api.types.is_numeric_dtype(column):
        below = column.min() - 1
        return [(column.fillna(below).to_numpy(float), labels)]
    half = np.random.default_rng(0).permutation(len(column)) % 2
    codes = pd.factorize(column, use_na_sentinel=False)[0]
    parts: list[_Ordered] = []
    for part in (half == 0, half == 1):
        counts = np.bincount(codes[~part], minlength=codes.max() + 1)
        sums = np.bincount(codes[~part], labels[~part], minlength=len(counts))
        means = np.full(len(counts), labels.mean())
        np.divide(sums, counts, out=means, where=counts > 0)
        parts.append((means[codes[part]], labels[part]))
    return parts


def _correlation(parts: list[_Ordered]) -> float:
    """Return the mean rank correlation (Spearman); 0 if there are too few rows."""
    found = [
        pd.Series(numbers).rank().corr(pd.Series(labels))
        for numbers, labels in parts
        if len(labels) >= _FEWEST and np.ptp(numbers) and np.ptp(labels)
    ]
    return float(np.mean(found)) if found else 0.0


def _area(parts: list[_Ordered]) -> float:
    """Return the mean area under the ROC curve, at least 0.5."""
    areas = []
    for numbers, labels in parts:
        ones, zeros = (labels == 1).sum(), (labels == 0).sum()
        if ones and zeros:
            ranks = pd.Series(numbers).rank().to_numpy()[labels == 1]
            areas.append((ranks.sum() - ones * (ones + 1) / 2) / (ones * zeros))
    area = float(np.mean(areas)) if areas else 0.5
    # A number may be lower in the test rows. Categories are ordered by their labels.
    return max(area, 1 - area) if len(parts) == 1 else area
