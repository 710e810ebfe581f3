"""The file for Kaggle: write it, then check it as Kaggle would."""

import math
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from pipeline.core.errors import UserError, short
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.data.csv_reader import read_rows
from pipeline.data.schema import ID, TARGET
from pipeline.runs.store import RUNGS

_HEADER = [ID, TARGET]
_AGAIN = "run `pipeline train` again"
_MEND = "mend it, then run `pipeline preprocess` and `pipeline train` again"


class Submission(NamedTuple):
    """A checked file, its rows, and the quartiles of prices beside training's."""

    path: Path
    rows: list[tuple[int, float]]
    quartiles: list[float]
    train_quartiles: list[float]
    skipped: bool


def submit(
    project: Project, record: dict[str, Any], rung: str | None = None
) -> Submission:
    """Write submissions/<run id>.csv for a run and check the contract.

    With a rung of a ladder, its prices, in submissions/<run id>-<rung>.csv.

    Raises:
        UserError: the run has no such rung or does not hold a price for each house of
            test.csv, or the folder cannot be written to.
    """
    source = project.runs / record["run_id"] / _rung_folder(record, rung)
    source = source / "predictions.csv"
    name = record["run_id"] if rung is None else f"{record['run_id']}-{rung}"
    path = project.submissions / f"{name}.csv"
    ids = [cell.lstrip("0") for _, cell in _column(project.raw / "test.csv", ID)]
    rows = check(source, ids)
    train = project.raw / "train.csv"
    cells = _column(train, TARGET)
    trained = [_price(train, line, price, _MEND) for line, price in cells]
    content = source.read_bytes()
    skipped = path.is_file() and path.read_bytes() == content
    if not skipped:
        write_atomically(path, content)
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
    (_, header), *rows = read_rows(path, _AGAIN)
    if header != _HEADER:
        raise UserError(f"{path}: line 1: the header must be {','.join(_HEADER)}")
    if len(rows) != len(ids):
        raise UserError(
            f"{path}: {len(rows)} houses where test.csv has {len(ids)}; {_AGAIN}"
        )
    checked = []
    for (line, (house, price)), wanted in zip(rows, ids, strict=True):
        if house != wanted or not house.isdecimal():
            raise UserError(
                f"{path}: column {ID}, line {line}: expected the house {wanted}; "
                f"{_AGAIN}"
            )
        checked.append((int(house), _price(path, line, price, _AGAIN)))
    return checked


def _price(path: Path, line: int, text: str, remedy: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not 0 < price < math.inf:
        raise UserError(
            f"{path}: column {TARGET}, line {line}: {short(text)} is not a positive "
            f"price; {remedy}"
        )
    return price


def _column(path: Path, name: str) -> list[tuple[int, str]]:
    """The cells of a column, each with its line."""
    rows = read_rows(path, _MEND)
    _, header = next(rows)
    if name not in header:
        raise UserError(f"{path}: column {name}: missing; {_MEND}")
    place = header.index(name)
    return [(line, cells[place]) for line, cells in rows]


def _quartiles(prices: list[float]) -> list[float]:
    """Lowest, first quartile, median, third quartile, highest."""
    if len(prices) == 1:  # Python before 3.13 wants two
        return prices * 5
    return [min(prices), *quantiles(prices, n=4, method="inclusive"), max(prices)]
