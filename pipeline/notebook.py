"""The pipeline in a notebook: frames in, fold scores and predictions out.

Nothing is read from a project or written to it.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import cpu_count

from pipeline.ames import ames_schema
from pipeline.ames.table import ames, table_of
from pipeline.core.errors import one_line
from pipeline.core.progress import Step, listening
from pipeline.core.settings import Settings
from pipeline.data.dataset import Dataset
from pipeline.data.features import build_features, clean_rows, prepare, without_ids
from pipeline.data.header import is_like
from pipeline.data.hints import find_hints
from pipeline.data.own_columns import OwnColumns
from pipeline.data.processed import HINTS
from pipeline.data.raw import (
    Frame,
    RawRows,
    lost_words,
    read_new,
    read_test,
    read_train,
    texts_of,
    unseen_words,
    with_index,
)
from pipeline.data.schema import Schema
from pipeline.data.schema_file import parse_schema, read_schema
from pipeline.data.table import Table
from pipeline.infer.schema import Options, infer_schema
from pipeline.models.ensemble import Ensemble, cross_validate_models
from pipeline.network.threads import one_thread
from pipeline.runs.predictor import Predictor
from pipeline.runs.writer import headers, model_scores

_MOST = 10  # words of one column that are printed


@dataclass(frozen=True)
class Data:
    """Training and test rows, checked and encodable, and what is known of them.

    Attributes:
        table: their schema, rules and built columns.
        dataset: their features.
        words: the categories in the training rows, by column.
    """

    table: Table
    dataset: Dataset
    words: Mapping[str, Set[str]]


def load(
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    schema: str | Path | None = None,
    columns: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    quiet: bool = False,
    **options: str,
) -> Data:
    """Check the rows of two frames, and build their features.

    What is doubtful is printed, as by `pipeline schema` and `pipeline preprocess`: the
    columns left out, words that only test rows have, and hints.

    Args:
        train: The training rows, with the target. A column may be the index.
        test: The rows to predict.
        schema: The path of a schema file. Without one it is that of House Prices, if
            the columns are, or it is inferred, as by `pipeline schema`. An ordered
            Categorical keeps its order then.
        columns: A function that adds columns to a frame of rows, as in columns.py.
        quiet: Print nothing.
        options: Of an inferred schema: id, target, metric.

    Raises:
        UserError: A cell or a column cannot be used.
    """
    say = _say_nothing if quiet else _say
    if schema is None:
        train, test = with_index(train), with_index(test)
    table = _table(train, test, schema, options, say)
    if columns is not None:
        table = replace(table, own=OwnColumns(Path("columns"), columns))
    sources = Frame("train", train), Frame("test", test)
    rows, tested = read_train(sources[0], table), read_test(sources[1], table)
    say(line for source in sources for line in lost_words(source, table.schema))
    say(_doubts(rows, tested, table.schema))
    prepared = prepare(rows, tested.frame, table)
    words = {name: {*rows[name].dropna()} for name in table.schema.categories}
    return Data(table, prepared.dataset, words)


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
    _words: Mapping[str, Set[str]]

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the predictions for other rows, shape (n_rows,).

        Words that no training row has are printed, as by `pipeline predict`.

        Args:
            rows: A frame with the columns of the test rows; a target is ignored.

        Raises:
            UserError: A cell or a column cannot be used.
        """
        table = self._predictor.table
        source = Frame("rows", rows)
        read = read_new(source, table)
        _say(lost_words(source, table.schema))
        for name, column in table.schema.categories.items():
            _say(
                _unseen(
                    "unseen in training", name, read.unseen(column, self._words[name])
                )
            )
        features = build_features(clean_rows(read.frame, table).frame, table)
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
    say: Callable[[Iterable[str]], None],
) -> Table:
    if schema is not None:
        read = read_schema(Path(schema))
        if read.left_out:
            say([f"left out: {', '.join(read.left_out)}"])
        return table_of(read)
    if not options and is_like(list(train.columns), ames_schema()):
        return ames()
    texts = [texts_of(frame) for frame in (train, test)]
    orders = {
        str(name): list(dict.fromkeys(map(str, column.cat.categories)))
        for name, column in train.items()
        if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered
    }
    inferred = infer_schema(texts[0], texts[1], Options(**options), orders=orders)
    say(
        f"{guess.column or '(none)'}: {guess.kind}, {guess.reason}"
        f"{' (check)' if guess.doubtful else ''}"
        for guess in inferred.guesses
        if guess.doubtful or guess.kind in {"id", "target", "left out"}
    )
    return table_of(parse_schema(inferred.text, Path("the inferred schema")))


def _doubts(train: pd.DataFrame, test: RawRows, schema: Schema) -> Iterator[str]:
    """Yield the words that only test rows have, and hints of leaks and drift."""
    for name, words in unseen_words(train, test, schema).items():
        yield from _unseen("only in the test rows", name, words)
    frames = without_ids(train, schema), without_ids(test.frame, schema)
    for hint in find_hints(*frames, schema.target):
        yield f"hint: {HINTS[hint.about].format(**hint._asdict())}"


def _unseen(where: str, name: str, words: Sequence[str]) -> Iterator[str]:
    if words:
        more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
        yield f"categories {where}: {name} = {', '.join(words[:_MOST])}{more}"


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
        _words=data.words,
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


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stderr.write(f"{one_line(line)}\n")


def _say_nothing(_: Iterable[str]) -> None:
    """Print nothing."""


def _print(step: Step) -> None:
    if not step.total:
        sys.stderr.write(f"{step.text} …\n")


def _ignore(*_: object) -> None:
    """Ignore the progress."""
