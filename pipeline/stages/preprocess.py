"""The stage `preprocess`: data/raw -> data/processed, and reading that back."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.ames.table import project_table
from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data import processed
from pipeline.data.csv_frames import csv_blocks
from pipeline.data.dataset import Dataset
from pipeline.data.features import (
    Assumption,
    Prepared,
    layout,
    prepare,
    without_ids,
)
from pipeline.data.hints import find_hints
from pipeline.data.raw import read_test, read_train, unseen_words
from pipeline.data.schema import Schema
from pipeline.data.units import Unit


def preprocess(project: Project) -> dict[str, Any]:
    """Read, check and clean the rows, add the built columns, and write them.

    `train` reads the two files of data/processed. Nothing in them is learned from data:
    `train` fits imputation, standardisation and one-hot encoding in each fold, on its
    training rows.

    Returns:
        The summary, which is written to data/processed too.

    Raises:
        UserError: The data cannot be used, or the folder cannot be written to.
    """
    # Before the files are read: if one changes meanwhile, the result is out of date.
    inputs = processed.raw_digests(project)
    table = project_table(project)
    schema = table.schema
    announce("reading and checking data/raw")
    raw_train = read_train(project.raw / "train.csv", table)
    tested = read_test(project.raw / "test.csv", table)
    raw_test = tested.frame
    announce("looking for leaks and drift")
    hints = find_hints(
        without_ids(raw_train, schema),
        without_ids(raw_test, schema),
        schema.target,
    )
    announce("cleaning, and adding columns")
    prepared = prepare(raw_train, raw_test, table)
    dataset = prepared.dataset
    announce("writing data/processed")
    outputs = {
        path: write_atomically(project.root / path, csv_blocks(frame))
        for path, frame in zip(
            processed.FILES, (dataset.train, dataset.test), strict=True
        )
    }
    content = {
        "schema": schema.source,
        "metric": schema.metric,
        "rows": {"train": len(raw_train), "test": len(raw_test)},
        "columns": {
            "raw": len(schema.columns),
            "left_out": len(schema.left_out),
            "built": len(table.built),
            "own": len(dataset.own),
            "encoded": prepared.encoded,
        },
        "own_columns": dataset.own,
        "units": {name: asdict(unit) for name, unit in dataset.layout.units.items()},
        "filled": _imputed(dataset),
        "unseen_categories": unseen_words(raw_train, tested, schema),
        "assumptions": _assumptions(prepared, raw_train, raw_test, schema),
        "hints": [hint._asdict() for hint in hints],
    }
    return processed.write_summary(project, inputs, outputs, content)


def read_features(project: Project, inputs: Mapping[str, str | None]) -> Dataset:
    """Read the training and test rows of data/processed.

    Args:
        project: The project.
        inputs: The digests that the files must have, by their paths below the root.

    Raises:
        UserError: A file has another digest, or is no longer there.
    """
    announce("reading data/processed")
    table = project_table(project)
    schema = table.schema
    summary = processed.summary(project)
    of_the_user = summary["own_columns"]
    units = {n: Unit(**unit) for n, unit in summary.get("units", {}).items()}
    encoding = layout(table, of_the_user, units)
    texts = list(encoding.words)
    if schema.carried_group:
        texts.append(schema.carried_group)
    if schema.id and not schema.integer_ids:
        texts.append(schema.id)
    try:
        train, test = (
            _read(project.root, name, inputs[name], texts) for name in processed.FILES
        )
    except FileNotFoundError as error:
        raise processed.gone(error.filename) from None
    return Dataset(schema, encoding, train, test, of_the_user)


def _read(
    root: Path, name: str, digest: str | None, texts: Sequence[str]
) -> pd.DataFrame:
    """Read a file after checking its digest.

    Both are done on one open file, since another command may replace it meanwhile.
    """
    with (root / name).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise UserError(
                f"{root / name}: preprocessed again while this command was starting; "
                "run the command again"
            )
        file.seek(0)
        return pd.read_csv(
            file,
            keep_default_na=False,
            na_values=[""],
            dtype=dict.fromkeys(texts, str),
        )


def _imputed(dataset: Dataset) -> list[dict[str, Any]]:
    """Count the missing values of each column and give the median that replaces them.

    Words have no median: a missing one is 0 in all of its one-hot columns.
    """
    names = dataset.test.columns.difference(list(dataset.layout.skipped), sort=False)
    train, test = dataset.train[names], dataset.test[names]
    counts = pd.DataFrame({"train": train.isna().sum(), "test": test.isna().sum()})
    counts = counts[counts.any(axis=1)]
    rows = []
    for name, in_train, in_test in counts.itertuples():
        value = None
        if name not in dataset.layout.words:  # 0 if all values are missing
            value = float(np.round(np.nan_to_num(train[name].median()), 6))
        rows.append(
            {"column": name, "train": in_train, "test": in_test, "value": value}
        )
    return sorted(rows, key=lambda row: -(row["train"] + row["test"]))


def _assumptions(
    prepared: Prepared, train: pd.DataFrame, test: pd.DataFrame, schema: Schema
) -> list[dict[str, Any]]:
    """Return how rules changed the rows, and that ids in both files are different rows.

    Without a column of ids, the rows of each file are numbered, and share no id.
    """
    of_test = [*prepared.test_assumptions]
    if name := schema.id:
        shared = test.loc[test[name].isin(train[name]), name].tolist()
        if shared:
            assumed = f"an {name} that train.csv also has is a different row"
            of_test.append(Assumption(assumed, name, len(shared), shared[0]))
    files = {"train.csv": prepared.train_assumptions, "test.csv": of_test}
    return [
        {"file": file, **assumption._asdict()}
        for file, assumptions in files.items()
        for assumption in assumptions
    ]
