"""The file for Kaggle: write it, then check it as Kaggle would."""

import csv
import math
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from pipeline.errors import UserError
from pipeline.files import write_whole
from pipeline.paths import Folders
from pipeline.runs import RUNGS
from pipeline.schema import ID, TARGET

_HEADER = [ID, TARGET]


class Submission(NamedTuple):
    """A checked file, its rows, and the quartiles of prices beside training's."""

    path: Path
    rows: list[tuple[int, float]]
    quartiles: list[float]
    train_quartiles: list[float]
    skipped: bool


def submit(
    folders: Folders, record: dict[str, Any], rung: str | None = None
) -> Submission:
    """Write submissions/<run id>.csv for a run and check the contract.

    With a rung of a ladder, its prices, in submissions/<run id>-<rung>.csv.

    Raises:
        UserError: the run has no such rung or does not hold a price for each house of
            test.csv, or the folder cannot be written to.
    """
    source = folders.runs / record["run_id"] / _rung_folder(record, rung)
    source = source / "predictions.csv"
    name = record["run_id"] if rung is None else f"{record['run_id']}-{rung}"
    path = folders.submissions / f"{name}.csv"
    rows = check(source, _column(folders.raw / "test.csv", ID))
    content = source.read_bytes()
    skipped = path.is_file() and path.read_bytes() == content
    if not skipped:
        write_whole(path, content)
    trained = [float(price) for price in _column(folders.raw / "train.csv", TARGET)]
    prices = [price for _, price in rows]
    return Submission(path, rows, _quartiles(prices), _quartiles(trained), skipped)


def _rung_folder(record: dict[str, Any], rung: str | None) -> Path:
    if rung is None:
        return Path()
    names = [each["name"] for each in record.get("rungs", [])]
    if not names:
        run = record["run_id"]
        raise UserError(f"--rung {rung}: {run} is no ladder; `pipeline baselines` is")
    if rung not in names:
        raise UserError(f"--rung {rung}: the rungs are {', '.join(names)}")
    return Path(RUNGS, rung)


def to_record(submission: Submission) -> dict[str, Any]:
    """What `submit --json` prints."""
    return {
        "run_id": submission.path.stem,
        "path": str(submission.path),
        "rows": len(submission.rows),
        "quartiles": submission.quartiles,
        "skipped": submission.skipped,
    }


def check(path: Path, ids: list[str]) -> list[tuple[int, float]]:
    """Check a file against the contract: the test Ids in order, a good price each.

    Raises:
        UserError: names the file, the line and what is wrong.
    """
    header, *rows = _read(path)
    if header != _HEADER:
        raise UserError(f"{path}: line 1: the header must be {','.join(_HEADER)}")
    if len(rows) != len(ids):
        raise UserError(
            f"{path}: {len(rows)} houses where test.csv has {len(ids)}; "
            "run `pipeline train` again"
        )
    checked = []
    for line, (row, wanted) in enumerate(zip(rows, ids, strict=True), start=2):
        if len(row) != len(_HEADER) or row[0] != wanted:
            raise UserError(
                f"{path}: column {ID}, line {line}: expected the house {wanted}; "
                "run `pipeline train` again"
            )
        checked.append((int(row[0]), _price(path, line, row[1])))
    return checked


def _price(path: Path, line: int, text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not 0 < price < math.inf:
        raise UserError(
            f"{path}: column {TARGET}, line {line}: {text!r} is not a positive price; "
            "run `pipeline train` again"
        )
    return price


def _column(path: Path, name: str) -> list[str]:
    header, *rows = _read(path)
    if name not in header:
        raise UserError(f"{path}: column {name}: missing; put it back")
    place = header.index(name)
    return [row[place] for row in rows]


def _read(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    if not rows:
        raise UserError(f"{path}: the file is empty")
    return rows


def _quartiles(prices: list[float]) -> list[float]:
    """Lowest, first quartile, median, third quartile, highest."""
    return [min(prices), *quantiles(prices, n=4, method="inclusive"), max(prices)]
