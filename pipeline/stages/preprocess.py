"""The stage `preprocess`: data/raw -> data/processed."""

import hashlib
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError
from pipeline.core.files import to_json, write_whole
from pipeline.core.fingerprint import digest_of
from pipeline.core.paths import Folders
from pipeline.data import processed
from pipeline.data.clean import Assumption, Cleaned, clean_rows
from pipeline.data.encoder import Encoder, to_matrix
from pipeline.data.features import BUILT, build_features
from pipeline.data.raw import read_test, read_train
from pipeline.data.schema import CATEGORIES, COLUMNS, ID, TARGET

ENCODED_ROWS = 100_000  # of a file, for people: 340 MB as text
_BLOCK_ROWS = 20_000  # written at a time, so that long files need little memory


def preprocess(folders: Folders) -> dict[str, Any]:
    """Read, check, clean, build and encode; write four CSV files and a summary.

    `train.csv` and `test.csv` are what `train` reads: cleaned rows with the built
    columns, where nothing is learned. `train_encoded.csv` and `test_encoded.csv` are
    for people and other models: filled, standardised and one-hot, with statistics of
    all training rows; of a very long file, they hold the first `ENCODED_ROWS` rows.
    `train` fits its own in every fold.

    Raises:
        UserError: the data cannot be used, or the folder cannot be written to.
    """
    inputs = processed.raw_digests(folders)
    train, test, met = _prepare(folders)
    names = to_matrix(train.head(1)).names
    (encoder,) = Encoder.fit_each(train, [np.arange(len(train))])
    contents = {}
    for name, frame in (("train", train), ("test", test)):
        contents[f"{name}.csv"] = _csv(frame)
        encoded = _encoded_csv(encoder, frame.head(ENCODED_ROWS))
        contents[f"{name}_encoded.csv"] = encoded
    outputs = {
        path: write_whole(folders.root / path, contents[Path(path).name])
        for path in processed.FILES
    }
    summary = {
        "fingerprint": processed.stage_fingerprint(inputs),
        "inputs": inputs,
        "outputs": outputs,
        "rows": {"train": len(train), "test": len(test)},
        "rows_encoded": {
            "train": min(len(train), ENCODED_ROWS),
            "test": min(len(test), ENCODED_ROWS),
        },
        "columns": {
            "raw": len(COLUMNS),
            "built": len(BUILT),
            "encoded": len(names),
        },
        "filled": _filled(train, test, names, encoder),
        **met,
    }
    summary["digest"] = digest_of(summary)
    write_whole(processed.summary_path(folders), to_json(summary))
    return summary


def _prepare(
    folders: Folders,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Train and test rows with the built columns, and what was met on the way."""
    raw_train = read_train(folders.raw / "train.csv")
    raw_test, unlisted = read_test(folders.raw / "test.csv")
    cleaned = {"train.csv": clean_rows(raw_train), "test.csv": clean_rows(raw_test)}
    train, test = (build_features(part.frame) for part in cleaned.values())
    met = {
        "unseen_categories": _unseen(raw_train, raw_test, unlisted),
        "assumptions": _assumptions(cleaned) + _shared_ids(train, test),
    }
    return train, test, met


def read_features(
    folders: Folders, inputs: Mapping[str, str | None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read back `train.csv` and `test.csv` as `preprocess` wrote them.

    Raises:
        UserError: one is not what `inputs`, digests by place, says it was.
    """
    train, test = (_read(folders.root, name, inputs[name]) for name in processed.READ)
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


def _encoded_csv(encoder: Encoder, features: pd.DataFrame) -> Iterator[str]:
    """The encoded rows as the parts of one CSV file."""
    kept = [name for name in (ID, TARGET) if name in features]
    names = to_matrix(features.head(1)).names
    yield ",".join([*kept, *names]) + "\n"
    for block in _row_blocks(features):
        encoded = encoder.transform(to_matrix(block).cells)
        columns = np.hstack([block[kept], encoded])
        text = StringIO()  # pandas takes five times as long to write numbers
        np.savetxt(text, columns, ["%d"] + ["%.6g"] * (columns.shape[1] - 1), ",")
        yield text.getvalue()


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
    train: pd.DataFrame, test: pd.DataFrame, unlisted: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Words of the test rows that no training row has."""
    unseen = {
        name: sorted(set(test[name].dropna()) - set(train[name].dropna()))
        for name in CATEGORIES
    }
    for name, words in unlisted.items():
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
