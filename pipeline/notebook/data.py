"""The rows of two frames, checked, and what is doubtful in them."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from pipeline.ames import ames_schema
from pipeline.ames.table import ames, table_of
from pipeline.core.errors import one_line
from pipeline.core.metrics import METRICS
from pipeline.data.dataset import Dataset
from pipeline.data.features import prepare, without_ids
from pipeline.data.header import is_like
from pipeline.data.hints import find_hints
from pipeline.data.own_columns import OwnColumns
from pipeline.data.processed import HINTS
from pipeline.data.raw import (
    Frame,
    RawRows,
    lost_words,
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
from pipeline.notebook.mistakes import checked_frame, python_errors

_MOST = 10  # words of one column that are printed


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """Training and test rows, checked and encodable, and what is known of them.

    Attributes:
        table: their schema, rules and built columns.
        dataset: their features.
        words: the categories in the training rows, by column.
        frames: the training and the test rows as they were given.
    """

    table: Table
    dataset: Dataset
    words: Mapping[str, Set[str]]
    frames: tuple[pd.DataFrame, pd.DataFrame]

    def _facts(self) -> dict[str, str]:
        schema, dataset = self.table.schema, self.dataset
        features = f"{len(schema.columns)}, of which {len(schema.categories)} are words"
        return {
            "training rows": f"{len(dataset.train):,}",
            "test rows": f"{len(dataset.test):,}",
            "id": schema.id or "none",
            "target": f"{schema.target} ({METRICS[schema.metric].title})",
            "columns": features,
            "columns built": f"{len(self.table.built) + len(dataset.own)}",
            "left out": one_line(", ".join(schema.left_out) or "none", 60),
        }

    def __repr__(self) -> str:
        lines = [f"  {name}: {text}" for name, text in self._facts().items()]
        return "\n".join(["Data", *lines])

    def _repr_html_(self) -> str:
        return pd.Series(self._facts()).to_frame("Data").to_html()


@python_errors()
def load(  # noqa: PLR0913 - what is not given is inferred
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    schema: str | Path | None = None,
    columns: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    id: str | None = None,  # noqa: A002 - as the option of `pipeline schema`
    target: str | None = None,
    metric: str | None = None,
    competition: str | None = None,
    quiet: bool = False,
) -> Data:
    """Check the rows of two frames, and build their features.

    What is doubtful is printed, as by `pipeline schema` and `pipeline preprocess`: the
    columns left out, words that only test rows have, and hints.

    Args:
        train: The training rows, with the target. A column may be the index. Names of
            columns that are no texts, such as numbers, are read as texts.
        test: The rows to predict.
        schema: The path of a schema file. Without one it is that of House Prices, if
            the columns are, or it is inferred, as by `pipeline schema`. An ordered
            Categorical keeps its order then.
        columns: A function that adds columns to a frame of rows, as in columns.py.
        id: The column that names the rows, for an inferred schema.
        target: The column to predict, for an inferred schema.
        metric: log-rmse, rmsle, rmse or mae, for an inferred schema.
        competition: The name of the competition on Kaggle, for an inferred schema.
        quiet: Print nothing.

    Raises:
        InputError: A cell or a column cannot be used; it is a ValueError.
        TypeError: The rows are no frames.
    """
    train, test = checked_frame("train", train), checked_frame("test", test)
    if schema is None:
        train, test = with_index(train), with_index(test)
    row_id, name = (None if each is None else str(each) for each in (id, target))
    options = Options(row_id, name, metric, competition)
    table, told = _table(train, test, schema, options)
    say(told, quiet=quiet)
    if columns is not None:
        table = replace(table, own=OwnColumns(Path("columns"), columns))
    sources = Frame("train", train), Frame("test", test)
    rows, tested = read_train(sources[0], table), read_test(sources[1], table)
    lost = [line for source in sources for line in lost_words(source, table.schema)]
    say([*lost, *_doubts(rows, tested, table.schema)], quiet=quiet)
    prepared = prepare(rows, tested.frame, table)
    words = {name: {*rows[name].dropna()} for name in table.schema.categories}
    return Data(table, prepared.dataset, words, (train, test))


def _table(
    train: pd.DataFrame,
    test: pd.DataFrame,
    schema: str | Path | None,
    options: Options,
) -> tuple[Table, list[str]]:
    """Return the table, and what to tell of its schema."""
    if schema is not None:
        read = read_schema(Path(schema))
        names = ", ".join(read.left_out)
        return table_of(read), [f"left out: {names}"] if names else []
    if not any(options) and is_like(list(train.columns), ames_schema()):
        return ames(), []
    texts = [texts_of(frame) for frame in (train, test)]
    orders = {
        str(name): list(dict.fromkeys(map(str, column.cat.categories)))
        for name, column in train.items()
        if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered
    }
    inferred = infer_schema(texts[0], texts[1], options, orders=orders)
    told = [
        f"{guess.column or '(none)'}: {guess.kind}, {guess.reason}"
        f"{' (check)' if guess.doubtful else ''}"
        for guess in inferred.guesses
        if guess.doubtful or guess.kind in {"id", "target", "left out"}
    ]
    return table_of(parse_schema(inferred.text, Path("the inferred schema"))), told


def _doubts(train: pd.DataFrame, test: RawRows, schema: Schema) -> Iterator[str]:
    """Yield the words that only test rows have, and hints of leaks and drift."""
    for name, words in unseen_words(train, test, schema).items():
        yield from unseen_line("only in the test rows", name, words)
    frames = without_ids(train, schema), without_ids(test.frame, schema)
    for hint in find_hints(*frames, schema.target):
        yield f"hint: {HINTS[hint.about].format(**hint._asdict())}"


def unseen_line(where: str, name: str, words: Sequence[str]) -> Iterator[str]:
    """Yield a line about the words of a column that are not known, if there are any."""
    if words:
        more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
        yield f"categories {where}: {name} = {', '.join(words[:_MOST])}{more}"


def say(lines: Iterable[str], *, quiet: bool = False) -> None:
    """Print lines on standard error, unless it is to be quiet."""
    for line in lines:
        if not quiet:
            sys.stderr.write(f"{one_line(line)}\n")
