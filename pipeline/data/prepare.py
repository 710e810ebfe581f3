"""Checked rows in, a dataset out: cleaning, building features, the user's own columns.

Nothing is learned from the rows but the words of the user's own columns, which every
fold encodes alike.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline.core.errors import UserError, meant, short
from pipeline.data.clean import Assumption, clean_rows
from pipeline.data.dataset import Dataset
from pipeline.data.encoder import encoded_names
from pipeline.data.features import build_features, formulas, layout, rank_ordered
from pipeline.data.own_columns import OwnWords
from pipeline.data.raw import read_test, read_train
from pipeline.data.table import Table


class Prepared(NamedTuple):
    """A dataset, its number of encoded columns, and what was assumed for its rows."""

    dataset: Dataset
    encoded: int
    train_assumptions: list[Assumption]
    test_assumptions: list[Assumption]


def prepare(train: pd.DataFrame, test: pd.DataFrame, table: Table) -> Prepared:
    """Clean checked training and test rows, and build their features.

    Raises:
        UserError: The user's own columns cannot be used, or two columns would be
            encoded under one name.
    """
    cleaned_train, cleaned_test = (clean_rows(each, table) for each in (train, test))
    own = _own_columns(cleaned_train.frame, table)
    dataset = Dataset(
        table.schema,
        layout(table, own),
        build_features(cleaned_train.frame, table),
        build_features(cleaned_test.frame, table),
        own,
    )
    _check_interactions(dataset)
    return Prepared(
        dataset,
        _encoded(dataset),
        cleaned_train.assumptions,
        cleaned_test.assumptions,
    )


def read_dataset(raw: Path, table: Table) -> Dataset:
    """Read, check and prepare train.csv and test.csv of a folder.

    Raises:
        UserError: As `prepare`; or a file is invalid.
    """
    train = read_train(raw / "train.csv", table)
    return prepare(train, read_test(raw / "test.csv", table).frame, table).dataset


def _own_columns(clean: pd.DataFrame, table: Table) -> OwnWords:
    """Check the user's own columns, and return their words; None for numbers.

    Raises:
        UserError: A column has the name of another, or is not computed row by row.
    """
    if table.own is None:
        return {}
    rows = rank_ordered(clean, table.schema)[table.schema.names]
    built = table.own.build(rows)
    for name in built:
        if name in (*formulas(table), table.schema.id_name, table.schema.target):
            raise UserError(
                f"{table.own.path}: columns adds {name}, which there is already; give "
                "it another name"
            )
    table.own.check_row_wise(rows, built)
    return table.own.words(built)


def _check_interactions(dataset: Dataset) -> None:
    """Check that words are multiplied by features that are numbers.

    Raises:
        UserError: One is not.
    """
    own_layout = dataset.layout
    others = [*own_layout.words, *own_layout.skipped]
    numbers = list(map(str, dataset.train.columns.difference(others)))
    for _, name in own_layout.interactions:
        if name not in numbers:
            raise UserError(
                f"{dataset.schema.source}: interactions {short(name)[1:-1]}: not a "
                f"number; {meant(name, numbers)}"
            )


def _encoded(dataset: Dataset) -> int:
    """Return the number of encoded columns.

    Raises:
        UserError: Two have the same name.
    """
    names = encoded_names(dataset.train, dataset.layout)
    (name, times), *_ = Counter(names).most_common(1)
    if times > 1:
        raise UserError(
            f"{dataset.schema.source}: two columns would be encoded as {short(name)}; "
            "rename one"
        )
    return len(names)
