"""The pipeline in a notebook: frames in, fold scores and predictions out.

Nothing is read from a project or written to it.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import cpu_count

from pipeline.ames import ames_schema
from pipeline.ames.table import ames, table_of
from pipeline.core.progress import Step, listening
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.data.features import build_features, clean_rows, prepare
from pipeline.data.header import is_like
from pipeline.data.own_columns import OwnColumns
from pipeline.data.raw import Frame, read_new, read_test, read_train, texts_of
from pipeline.data.schema_file import parse_schema, read_schema
from pipeline.data.table import Table
from pipeline.infer.schema import Options, infer_schema
from pipeline.models.ensemble import Ensemble, cross_validate_models
from pipeline.network.threads import one_thread
from pipeline.runs.predictor import Predictor
from pipeline.runs.writer import headers, model_scores


@dataclass(frozen=True)
class Data:
    """Training and test rows, checked and encodable, and what is known of them."""

    table: Table
    dataset: Dataset


def load(
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    schema: str | Path | None = None,
    columns: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    **options: str,
) -> Data:
    """Check the rows of two frames, and build their features.

    Args:
        train: The training rows, with the target.
        test: The rows to predict.
        schema: The path of a schema file. Without one it is that of House Prices, if
            the columns are, or it is inferred, as by `pipeline schema`. An ordered
            Categorical keeps its order then.
        columns: A function that adds columns to a frame of rows, as in columns.py.
        options: Of an inferred schema: id, target, metric.

    Raises:
        UserError: A cell or a column cannot be used.
    """
    table = _table(train, test, schema, options)
    if columns is not None:
        table = replace(table, own=OwnColumns(Path("columns"), columns))
    rows = read_train(Frame("train", train), table)
    prepared = prepare(rows, read_test(Frame("test", test), table).frame, table)
    return Data(table, prepared.dataset)


@dataclass(frozen=True)
class Result:
    """The models that were trained, their scores and predictions.

    Attributes:
        cv: the score of the blend over all training rows.
        metric: what the scores are called.
        scores: a row for each λ and each other model: its weight in the blend, its
            score on each fold, their mean and standard deviation, and the score over
            all rows.
        out_of_fold: for each training row its id, fold, target and the prediction of
            models that were not trained on it.
        test: the id and the prediction of each test row.
    """

    cv: float
    metric: str
    scores: pd.DataFrame
    out_of_fold: pd.DataFrame
    test: pd.DataFrame
    _predictor: Predictor

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the predictions for other rows, shape (n_rows,).

        Args:
            rows: A frame with the columns of the test rows; a target is ignored.

        Raises:
            UserError: A cell or a column cannot be used.
        """
        table = self._predictor.table
        raw = read_new(Frame("rows", rows), table).frame
        features = build_features(clean_rows(raw, table).frame, table)
        with one_thread():
            return self._predictor.predict(features)


def train(data: Data, *, quiet: bool = False, **settings: Any) -> Result:  # noqa: ANN401
    """Train the models under cross-validation, and blend them.

    Args:
        data: What `load` returned.
        quiet: Print no steps.
        settings: Those of `pipeline.core.settings.Settings`, such as folds=10 or
            lambdas=(0, 1, 5).

    Raises:
        UserError: A setting cannot be used.
    """
    checked = Settings(**settings)
    with one_thread(), listening(_ignore if quiet else _print):
        result = cross_validate_models(data.dataset, checked, _ignore, cpu_count())
        return _result(data, result)


def _table(
    train: pd.DataFrame,
    test: pd.DataFrame,
    schema: str | Path | None,
    options: dict[str, str],
) -> Table:
    if schema is not None:
        return table_of(read_schema(Path(schema)))
    if not options and is_like(list(train.columns), ames_schema()):
        return ames()
    texts = [texts_of(frame) for frame in (train, test)]
    orders = {
        str(name): list(dict.fromkeys(map(str, column.cat.categories)))
        for name, column in train.items()
        if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered
    }
    inferred = infer_schema(texts[0], texts[1], Options(**options), orders=orders)
    return table_of(parse_schema(inferred.text, Path("the inferred schema")))


def _result(data: Data, result: Ensemble) -> Result:
    schema, dataset = data.table.schema, data.dataset
    metric, predicted = result.data.metric, result.predictions
    ids, names = schema.id_name, headers(dataset)
    out_of_fold = pd.DataFrame(
        {
            ids: dataset.train[ids],
            names["fold"]: result.data.fold_of,
            schema.target: dataset.actual,
            names["prediction"]: metric.undo(predicted.out_of_fold),
        }
    )
    tested = metric.undo(predicted.test.mean(axis=0))
    test = pd.DataFrame({ids: dataset.test[ids], schema.target: tested})
    return Result(
        cv=result.score.pooled,
        metric=metric.title,
        scores=_scores(result),
        out_of_fold=out_of_fold,
        test=test,
        _predictor=Predictor.of(result, data.table),
    )


def _scores(result: Ensemble) -> pd.DataFrame:
    scores = model_scores(result)
    weights = scores[-1].weights or {scores[-1].model: 1.0}
    return pd.DataFrame(
        {
            "model": each.model,
            "lambda": each.value,
            "weight": weights.get(each.model, 1.0) if each.chosen else 0.0,
            **{f"fold {n}": value for n, value in enumerate(each.folds, 1)},
            "mean": each.mean,
            "std": each.std,
            "pooled": each.pooled,
        }
        for each in scores
    )


def _print(step: Step) -> None:
    if not step.total:
        sys.stderr.write(f"{step.text} …\n")


def _ignore(*_: object) -> None:
    """Ignore the progress."""
