"""Other libraries with their default settings, as the peers of our models.

Every peer reads the columns of the file as it is meant to: words as words where the
library has them, missing numbers as missing. A date is given as numbers: the day, the
year, the day of the year, the weekday and the hour.
"""

import os
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from experiments.shipped_tables import Split, Table
from pipeline.core.metrics import ABSOLUTE, Metric

MISSING = "missing"  # the word of a missing cell
MOST_WORDS = 254  # HistGradientBoosting allows 255 categories
MANY_COLUMNS = 3000
ALPHAS = np.geomspace(0.1, 1e4, 26)

Peer = Callable[[pd.DataFrame, np.ndarray, pd.DataFrame, Metric], np.ndarray]
"""Fit training columns and targets, and predict the columns of other rows.

Targets and predictions are in the scale of the metric.
"""


def features(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the columns that peers read: numbers, words, and a date as numbers."""
    columns = rows.drop(columns=[table.target, table.row_id], errors="ignore")
    if table.date:
        day = pd.to_datetime(columns.pop(table.date))
        columns["day"] = (day - pd.Timestamp(0)).dt.total_seconds() / 86400
        for part in ("year", "day_of_year", "day_of_week", "hour"):
            columns[part] = getattr(day.dt, part)
    for name in columns.select_dtypes("bool"):
        columns[name] = columns[name].astype(int)
    return columns


def words(columns: pd.DataFrame) -> list[str]:
    """Return the names of the columns of words."""
    return list(columns.select_dtypes(exclude="number"))


def categories(
    train: pd.DataFrame, test: pd.DataFrame, most: int | None = None
) -> list[pd.DataFrame]:
    """Return both parts with words as pandas categories of the training rows.

    A word that the training rows do not have becomes missing, and so do all but the
    `most` most frequent words.
    """
    kinds = {
        name: pd.CategoricalDtype(train[name].value_counts().index[:most])
        for name in words(train)
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of the words that become missing
        return [part.astype(kinds) for part in (train, test)]


def catboost(
    train: pd.DataFrame, target: np.ndarray, test: pd.DataFrame, metric: Metric
) -> np.ndarray:
    """Words are native; a missing word is a word."""
    from catboost import CatBoostRegressor

    named = words(train)
    train, test = (
        part.assign(**part[named].astype(object).fillna(MISSING))
        for part in (train, test)
    )
    model = CatBoostRegressor(
        loss_function=metric.loss.trees,
        cat_features=named,
        random_state=0,
        thread_count=int(os.environ.get("OMP_NUM_THREADS", "-1")),
        verbose=False,
        allow_writing_files=False,
    )
    return model.fit(train, target).predict(test)


def lightgbm(
    train: pd.DataFrame, target: np.ndarray, test: pd.DataFrame, metric: Metric
) -> np.ndarray:
    """Words are pandas categories."""
    from lightgbm import LGBMRegressor

    train, test = categories(train, test)
    objective = "mae" if metric.loss == ABSOLUTE else "regression"
    model = LGBMRegressor(objective=objective, random_state=0, verbose=-1)
    return model.fit(train, target).predict(test)


def histograms(
    train: pd.DataFrame, target: np.ndarray, test: pd.DataFrame, metric: Metric
) -> np.ndarray:
    """Words are pandas categories, rare words of a column with many as missing."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    train, test = categories(train, test, MOST_WORDS)
    loss = "absolute_error" if metric.loss == ABSOLUTE else "squared_error"
    model = HistGradientBoostingRegressor(loss=loss, random_state=0)
    return model.fit(train, target).predict(test)


def ridge(
    train: pd.DataFrame, target: np.ndarray, test: pd.DataFrame, metric: Metric
) -> np.ndarray:
    """Words are one-hot, numbers standardised, a missing number is the median.

    The penalty is chosen by leave-one-out errors, or by five folds where words make so
    many columns that leave-one-out would take hours. The loss is always squared.
    """
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    named = words(train)
    one_hot = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=MISSING),
        OneHotEncoder(handle_unknown="ignore"),
    )
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encoder = make_column_transformer((one_hot, named), remainder=numbers)
    train, test = (part.astype(dict.fromkeys(named, object)) for part in (train, test))
    inputs = encoder.fit_transform(train)
    model = RidgeCV(ALPHAS, cv=5 if inputs.shape[1] > MANY_COLUMNS else None)
    return model.fit(inputs, target).predict(encoder.transform(test))


PEERS: dict[str, Peer] = {
    "CatBoost": catboost,
    "LightGBM": lightgbm,
    "HistGradientBoosting": histograms,
    "RidgeCV": ridge,
}


def predict(name: str, parts: Split, table: Table, metric: Metric) -> np.ndarray:
    """Fit a peer on all training rows; return its predictions of the test rows."""
    train, test = (features(part, table) for part in parts)
    target = metric.transform(parts.train[table.target].to_numpy())
    return metric.undo(PEERS[name](train, target, test, metric))
