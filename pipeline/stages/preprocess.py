"""The stage `preprocess`: data/raw -> data/processed."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.files import to_json, write_atomically
from pipeline.core.fingerprint import record_digest
from pipeline.core.paths import Project
from pipeline.data import processed
from pipeline.data.clean import Assumption, Cleaned, clean_rows
from pipeline.data.encoder import Encoder, to_matrix
from pipeline.data.features import BUILT, build_features
from pipeline.data.raw import read_test, read_train
from pipeline.data.schema import CATEGORIES, COLUMNS, ID

_BLOCK_ROWS = 20_000  # written at a time, so that long files need little memory


def preprocess(project: Project) -> dict[str, Any]:
    """Read, check and clean the rows, build columns, write two CSV files and a summary.

    `train.csv` and `test.csv` are what `train` reads: cleaned rows with the built
    columns. Nothing in them is learned from data. Filling, standardisation and one-hot
    encoding are fitted by `train` in each fold, on its training rows.

    Raises:
        UserError: the data cannot be used, or the folder cannot be written to.
    """
    inputs = processed.raw_digests(project)
    train, test, met = _prepare(project)
    names = to_matrix(train.head(1)).names
    (encoder,) = Encoder.fit_each(train, [np.arange(len(train))])
    outputs = {
        path: write_atomically(project.root / path, _csv(frame))
        for path, frame in zip(processed.FILES, (train, test), strict=True)
    }
    summary = {
        "fingerprint": processed.stage_fingerprint(inputs),
        "inputs": inputs,
        "outputs": outputs,
        "rows": {"train": len(train), "test": len(test)},
        "columns": {
            "raw": len(COLUMNS),
            "built": len(BUILT),
            "encoded": len(names),
        },
        "filled": _filled(train, test, names, encoder),
        **met,
    }
    summary["digest"] = record_digest(summary)
    write_atomically(processed.summary_path(project), to_json(summary))
    return summary


def _prepare(
    project: Project,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Train and test rows with the built columns, and what was met on the way."""
    raw_train = read_train(project.raw / "train.csv")
    raw_test, outside_schema = read_test(project.raw / "test.csv")
    cleaned = {"train.csv": clean_rows(raw_train), "test.csv": clean_rows(raw_test)}
    train, test = (build_features(part.frame) for part in cleaned.values())
    met = {
        "unseen_categories": _unseen(raw_train, raw_test, outside_schema),
        "assumptions": _assumptions(cleaned) + _shared_ids(train, test),
    }
    return train, test, met


def read_features(
    project: Project, inputs: Mapping[str, str | None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read back `train.csv` and `test.csv` as `preprocess` wrote them.

    Raises:
        UserError: one is not what `inputs`, digests by place, says it was.
    """
    train, test = (_read(project.root, name, inputs[name]) for name in processed.FILES)
    return train, test


def _read(root: Path, name: str, digest: str | None) -> pd.DataFrame:
    """Read the very file that has the digest: another may take its place meanwhile."""
    words = {c.name: str for c in CATEGORIES.values() if not c.ordered}
    with (root / name).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise UserError(
                f"{root / name}: preprocessed anew in this moment; "
                "give the same command again"
            )
        file.seek(0)
        return pd.read_csv(file, keep_default_na=False, na_values=[""], dtype=words)


def _row_blocks(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), _BLOCK_ROWS):
        yield frame.iloc[start : start + _BLOCK_ROWS]


def _csv(features: pd.DataFrame) -> Iterator[str]:
    """The rows as the parts of one CSV file."""
    for number, block in enumerate(_row_blocks(features)):
        yield block.to_csv(index=False, header=number == 0)


def _filled(
    train: pd.DataFrame, test: pd.DataFrame, names: list[str], encoder: Encoder
) -> list[dict[str, Any]]:
    """How many unknown cells each column has and what stands in for them."""
    medians = dict(zip(names, encoder.fill, strict=True))
    rows = []
    for name in test.columns.drop(ID):
        counts = {"train": int(train[name].isna().sum())}
        counts["test"] = int(test[name].isna().sum())
        if any(counts.values()):
            value = float(np.round(medians[name], 6)) if name in medians else None
            rows.append({"column": name, **counts, "value": value})
    return sorted(rows, key=lambda row: -(row["train"] + row["test"]))


def _unseen(
    train: pd.DataFrame, test: pd.DataFrame, outside_schema: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Words of the test rows that no training row has."""
    unseen = {
        name: sorted(set(test[name].dropna()) - set(train[name].dropna()))
        for name in CATEGORIES
    }
    for name, words in outside_schema.items():
        unseen[name] += words
    return {name: words for name, words in unseen.items() if words}


def _assumptions(cleaned: dict[str, Cleaned]) -> list[dict[str, Any]]:
    return [
        {"file": name, **assumption._asdict()}
        for name, part in cleaned.items()
        for assumption in part.assumptions
    ]


def _shared_ids(train: pd.DataFrame, test: pd.DataFrame) -> list[dict[str, Any]]:
    """Ids in both files: no value is taken from one for the other, so it may be."""
    shared = test.loc[test[ID].isin(train[ID]), ID]
    if shared.empty:
        return []
    assumed = "an Id that train.csv has too is another house"
    met = Assumption(assumed, ID, len(shared), int(shared.iloc[0]))
    return [{"file": "test.csv", **met._asdict()}]
