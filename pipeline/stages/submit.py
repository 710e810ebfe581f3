"""The stage `submit`: runs/<run id>/ -> submissions/<run id>.csv, checked."""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from pipeline.core.errors import UserError, short
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.core.staging import remove_leftovers
from pipeline.data.csv_reader import read_rows
from pipeline.data.schema import ID, TARGET
from pipeline.kaggle.receipts import Receipt
from pipeline.runs.integrity import changes
from pipeline.runs.record import PREDICTIONS, Forecast, Run

_HEADER = [ID, TARGET]
_RETRAIN = "run `pipeline train` again"
_FIX = "fix it, then run `pipeline preprocess` and `pipeline train` again"


class Submission(NamedTuple):
    """A checked submission file.

    Quartiles are the lowest price, the three quartiles and the highest, in dollars.
    """

    path: Path
    rows: list[tuple[int, float]]
    quartiles: list[float]
    train_quartiles: list[float]
    skipped: bool  # the file was up to date
    message: str  # the default one on Kaggle
    forecast: Forecast | None  # None for a baseline


def write_submission(
    project: Project,
    run: Run,
    baseline: str | None,
    warn: Callable[[str], None],
    *,
    allow_stale: bool,
) -> Submission:
    """Write submissions/<run id>.csv, or <run id>-<baseline>.csv, and check it.

    Args:
        project: The project.
        run: The run.
        baseline: The name of one of the run's baselines instead of its best λ.
        warn: Called with a line for each change that `allow_stale` allows.
        allow_stale: Continue if the run or data/raw changed after training.

    Raises:
        UserError: The run has changed, has no such baseline or no price for a house of
            test.csv; or the folder cannot be written to.
    """
    for change in changes(project, run):
        if not allow_stale:
            raise UserError(f"{change}, or give --allow-stale")
        warn(f"allowed: {change}")
    _check_baseline(run, baseline)
    announce("checking the predictions")
    source = run.predictions_folder(baseline) / PREDICTIONS
    ids = [cell.lstrip("0") for _, cell in _column(project.raw / "test.csv", ID)]
    rows = check(source, ids)
    train = project.raw / "train.csv"
    train_prices = [
        _price(train, line, cell, _FIX) for line, cell in _column(train, TARGET)
    ]
    _check_range(source, [price for _, price in rows], train_prices)
    name = run.run_id if baseline is None else f"{run.run_id}-{baseline}"
    path = project.submissions / f"{name}.csv"
    content = "".join(f"{','.join(cells)}\n" for cells in _read_cells(source))
    remove_leftovers(project.submissions)
    skipped = path.is_file() and path.read_bytes() == content.encode()
    if not skipped:
        write_atomically(path, content)
    score = f"cross-validation {run.cv_log_rmse:.4f}"
    return Submission(
        path,
        rows,
        _quartiles([price for _, price in rows]),
        _quartiles(train_prices),
        skipped,
        message=f"{run.run_id}, {baseline or score}",
        forecast=None if baseline else run.forecast,
    )


def to_record(submission: Submission, receipt: Receipt | None) -> dict[str, Any]:
    """Return what `submit --json` prints."""
    record = {
        "run_id": submission.path.stem,
        "path": str(submission.path),
        "rows": len(submission.rows),
        "quartiles": submission.quartiles,
        "skipped": submission.skipped,
    }
    return record | ({"kaggle": asdict(receipt)} if receipt else {})


def check(path: Path, ids: list[str]) -> list[tuple[int, float]]:
    """Check that a file has one positive price per test Id, in order; return its rows.

    Raises:
        UserError: It does not; the message names the file and the line.
    """
    header, *rows = _read_cells(path)
    if header != _HEADER:
        raise UserError(f"{path}: line 1: the header must be {','.join(_HEADER)}")
    if len(rows) != len(ids):
        raise UserError(
            f"{path}: {len(rows)} rows, but test.csv has {len(ids)}; {_RETRAIN}"
        )
    checked = []
    numbered = enumerate(rows, start=2)
    for (line, (house, price)), expected in zip(numbered, ids, strict=True):
        if house != expected or not house.isdecimal():
            raise UserError(
                f"{path}: column {ID}, line {line}: expected the Id {expected}; "
                f"{_RETRAIN}"
            )
        checked.append((int(house), _price(path, line, price, _RETRAIN)))
    return checked


def _check_range(path: Path, prices: list[float], train_prices: list[float]) -> None:
    """Refuse predictions of which half are outside the range of the training prices."""
    low, high, middle = min(train_prices), max(train_prices), median(prices)
    if not low <= middle <= high:
        raise UserError(
            f"{path}: column {TARGET}: the middle price is {middle:,.6g}, but prices "
            f"of {low:,.6g} to {high:,.6g} were trained on; {_RETRAIN}"
        )


def _read_cells(path: Path) -> list[list[str]]:
    """Return the first two cells of each line: after them, a blend has its models'."""
    return [cells[: len(_HEADER)] for _, cells in read_rows(path, _RETRAIN)]


def _check_baseline(run: Run, name: str | None) -> None:
    names = [each.name for each in run.baselines or []]
    if name is not None and name not in names:
        known = f"its baselines are {', '.join(names)}"
        none = "it has none; `pipeline baselines` trains them"
        raise UserError(
            f"--rung {name}: not in {run.run_id}: {known if names else none}"
        )


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
    """Return the cells of a column, each with its line number."""
    rows = read_rows(path, _FIX)
    _, header = next(rows)
    if name not in header:
        raise UserError(f"{path}: column {name}: missing; {_FIX}")
    index = header.index(name)
    return [(line, cells[index]) for line, cells in rows]


def _quartiles(prices: list[float]) -> list[float]:
    """Return the lowest price, the three quartiles and the highest."""
    if len(prices) == 1:  # Python before 3.13 needs two
        return prices * 5
    return [min(prices), *quantiles(prices, n=4, method="inclusive"), max(prices)]
