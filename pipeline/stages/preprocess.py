"""The stage `preprocess`: data/raw -> data/processed, and reading that back."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data import processed
from pipeline.data.clean import Assumption, Cleaned, clean_rows
from pipeline.data.csv_writer import csv_blocks
from pipeline.data.encoder import to_matrix
from pipeline.data.features import BUILT, build_features
from pipeline.data.hints import find_hints
from pipeline.data.raw import read_test, read_train
from pipeline.data.schema import CATEGORIES, COLUMNS, ID, TARGET


def preprocess(project: Project) -> dict[str, Any]:
    """Read, check and clean the rows, add the built columns, and write them.

    `train.csv` and `test.csv` of data/processed are what `train` reads. Nothing in them
    is learned from data: imputation, standardisation and one-hot encoding are fitted by
    `train` in each fold, on its training rows.

    Returns:
        The summary, which is written to data/processed too.

    Raises:
        UserError: The data cannot be used, or the folder cannot be written to.
    """
    # Taken before the files are read: a change meanwhile makes the result outdated.
    inputs = processed.raw_digests(project)
    announce("reading and checking data/raw")
    raw_train = read_train(project.raw / "train.csv")
    raw_test, outside_schema = read_test(project.raw / "test.csv")
    announce("looking for leaks and drift")
    hints = find_hints(raw_train.drop(columns=ID), raw_test.drop(columns=ID), TARGET)
    announce("cleaning, and adding columns")
    cleaned = {"train.csv": clean_rows(raw_train), "test.csv": clean_rows(raw_test)}
    train, test = (build_features(part.frame) for part in cleaned.values())
    announce("writing data/processed")
    outputs = {
        path: write_atomically(project.root / path, csv_blocks(frame))
        for path, frame in zip(processed.FILES, (train, test), strict=True)
    }
    content = {
        "rows": {"train": len(train), "test": len(test)},
        "columns": {
            "raw": len(COLUMNS),
            "built": len(BUILT),
            "encoded": len(to_matrix(train.head(1)).names),
        },
        "filled": _imputed(train, test),
        "unseen_categories": _unseen(raw_train, raw_test, outside_schema),
        "assumptions": _assumptions(cleaned) + _shared_ids(train, test),
        "hints": [hint._asdict() for hint in hints],
    }
    return processed.write_summary(project, inputs, outputs, content)


def read_features(
    project: Project, inputs: Mapping[str, str | None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the training and test rows of data/processed.

    Args:
        project: The project.
        inputs: The digests that the files must have, by their paths below the root.

    Raises:
        UserError: A file has another digest.
    """
    announce("reading data/processed")
    train, test = (_read(project.root, name, inputs[name]) for name in processed.FILES)
    return train, test


def _read(root: Path, name: str, digest: str | None) -> pd.DataFrame:
    """Read the very file that has the digest: it may be replaced at any moment."""
    categories = {c.name: str for c in CATEGORIES.values() if not c.ordered}
    with (root / name).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise UserError(
                f"{root / name}: preprocessed again while this command was starting; "
                "run the command again"
            )
        file.seek(0)
        return pd.read_csv(
            file, keep_default_na=False, na_values=[""], dtype=categories
        )


def _imputed(train: pd.DataFrame, test: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the missing values of each column and give the median that replaces them.

    Categories have no median: a missing one is 0 in all of its one-hot columns.
    """
    rows = []
    for name in test.columns.drop(ID):
        counts = {"train": int(train[name].isna().sum())}
        counts["test"] = int(test[name].isna().sum())
        if any(counts.values()):
            has_median = name not in CATEGORIES or CATEGORIES[name].ordered
            value = _median(train[name]) if has_median else None
            rows.append({"column": name, **counts, "value": value})
    return sorted(rows, key=lambda row: -(row["train"] + row["test"]))


def _median(numbers: pd.Series) -> float:
    """Return the median as `Encoder.fit` imputes it: 0 if all values are missing."""
    return float(np.round(np.nan_to_num(numbers.median()), 6))


def _unseen(
    train: pd.DataFrame, test: pd.DataFrame, outside_schema: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Return the categories of the test rows that no training row has, by column."""
    unseen = {
        name: sorted(set(test[name].dropna()) - set(train[name].dropna()))
        for name in CATEGORIES
    }
    for name, categories in outside_schema.items():
        unseen[name] += categories
    return {name: categories for name, categories in unseen.items() if categories}


def _assumptions(cleaned: dict[str, Cleaned]) -> list[dict[str, Any]]:
    return [
        {"file": name, **assumption._asdict()}
        for name, part in cleaned.items()
        for assumption in part.assumptions
    ]


def _shared_ids(train: pd.DataFrame, test: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the assumption about Ids that are in both files, if there are any."""
    shared = test.loc[test[ID].isin(train[ID]), ID]
    if shared.empty:
        return []
    assumed = "an Id that train.csv also has is a different house"
    assumption = Assumption(assumed, ID, len(shared), int(shared.iloc[0]))
    return [{"file": "test.csv", **assumption._asdict()}]
