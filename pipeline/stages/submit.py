"""The stage `submit`: runs/<run id>/ -> submissions/<run id>.csv, checked."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from pipeline.core.errors import UserError, short
from pipeline.core.files import remove_leftovers, write_atomically
from pipeline.core.metrics import METRICS
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.data.csv_reader import csv_text, read_rows
from pipeline.data.schema import Schema
from pipeline.kaggle.receipts import Receipt
from pipeline.runs.integrity import changes
from pipeline.runs.record import OUT_OF_FOLD, PREDICTIONS, Run, run_schema

_RETRAIN = "run `pipeline train` again"
_FIX = "fix it, then run `pipeline preprocess` and `pipeline train` again"


class Submission(NamedTuple):
    """A checked submission file.

    Quartiles are the lowest target, the three quartiles and the highest.
    """

    name: str  # the run id, and the baseline
    path: Path
    schema: Schema
    rows: list[tuple[str, float]]
    quartiles: list[float]
    train_quartiles: list[float]
    skipped: bool  # the file was up to date


def write_submission(
    project: Project,
    run: Run,
    baseline: str | None,
    warn: Callable[[str], None],
    output: Path | None = None,
    *,
    allow_stale: bool,
) -> Submission:
    """Write submissions/<run id>.csv, or <run id>-<baseline>.csv, and check it.

    Args:
        project: The project.
        run: The run.
        baseline: The name of one of the run's baselines instead of its best λ.
        warn: Called with a line for each change that `allow_stale` allows.
        output: The file to write in place of that in submissions/.
        allow_stale: Continue if the run or data/raw changed after training.

    Raises:
        UserError: The run has changed, has no such baseline or no prediction for a row
            of test.csv; or the file cannot be written.
    """
    if output is not None:
        check_output(project, output, "--output")
    for change in changes(project, run):
        if not allow_stale:
            raise UserError(f"{change}, or give --allow-stale")
        warn(f"allowed: {change}")
    _check_baseline(run, baseline)
    announce("checking the predictions")
    schema, folder = run_schema(run), run.predictions_folder(baseline)
    rows = check(folder / PREDICTIONS, _test_ids(project, schema), schema)
    predicted = [float(cell) for _, cell in rows]
    trained = folder / OUT_OF_FOLD
    targets = [
        _number(trained, schema, line, cell)
        for line, cell in _column(trained, schema.target, _RETRAIN)
    ]
    _check_range(folder / PREDICTIONS, schema.target, predicted, targets)
    name = run.run_id if baseline is None else f"{run.run_id}-{baseline}"
    path = output or project.submissions / f"{name}.csv"
    content = csv_text(_as_sample(project, schema, rows))
    remove_leftovers(path.parent)
    skipped = path.is_file() and path.read_bytes() == content.encode()
    if not skipped:
        write_atomically(path, content)
    return Submission(
        name,
        path,
        schema,
        [(row_id, float(cell)) for row_id, cell in rows],
        _quartiles(predicted),
        _quartiles(targets),
        skipped,
    )


def check_output(
    project: Project, path: Path, option: str, source: Path | None = None
) -> None:
    """Refuse to overwrite the source, raw data or a run.

    Raises:
        UserError: The path is one of these, or a folder.
    """
    if path.is_dir():
        raise UserError(f"{option} {path}: a folder; name the file to write")
    protected = {"data/raw": project.raw, "runs": project.runs}
    if source is not None:
        protected = {source.name: source, **protected}
    for name, existing in protected.items():
        if path.resolve().is_relative_to(existing.resolve()):
            raise UserError(
                f"{option} {path}: {name} is never overwritten; give another path"
            )


def _test_ids(project: Project, schema: Schema) -> list[str]:
    """Return the ids of test.csv, as predictions.csv has them."""
    path = project.raw / "test.csv"
    if schema.id is None:
        lines = sum(1 for _ in read_rows(path, _FIX))
        return [str(number) for number in range(1, lines)]
    return [_plain_id(cell, schema) for _, cell in _column(path, schema.id, _FIX)]


def _plain_id(cell: str, schema: Schema) -> str:
    return cell.lstrip("0") if schema.integer_ids else cell


def _as_sample(
    project: Project, schema: Schema, rows: list[tuple[str, str]]
) -> Iterator[list[str]]:
    """Yield the header and the rows as sample_submission.csv orders them.

    Without that file they are the id and the target, in the order of test.csv.

    Raises:
        UserError: That file has other columns, or other ids.
    """
    path = project.sample_file
    if not path.exists():
        yield [schema.id_name, schema.target]
        yield from map(list, rows)
        return
    (_, header), *sample = read_rows(path, _FIX)
    if len(header) != 2 or schema.id_name not in header:
        raise UserError(
            f"{path}: line 1: the columns must be {schema.id_name} and "
            f"{schema.target}; restore the file or remove it"
        )
    index = header.index(schema.id_name)
    predicted = dict(rows)
    yield header
    for line, cells in sample:
        row_id = _plain_id(cells[index], schema)
        if row_id not in predicted:
            raise UserError(
                f"{path}: column {schema.id_name}, line {line}: {short(row_id)} is not "
                "in test.csv, or is there twice; restore the file or remove it"
            )
        cells[index], cells[1 - index] = row_id, predicted.pop(row_id)
        yield cells
    if predicted:
        raise UserError(
            f"{path}: column {schema.id_name}: {short(next(iter(predicted)))} of "
            "test.csv is missing; restore the file or remove it"
        )


def competition_of(run: Run) -> str:
    """Return the competition of a run, on Kaggle.

    Raises:
        UserError: Its schema names none.
    """
    competition = run_schema(run).competition
    if competition is None:
        raise UserError(
            "--push: the schema names no competition; add a line such as "
            '`competition = "NAME"` to data/raw/schema.toml and train again'
        )
    return competition


def to_record(submission: Submission, receipt: Receipt | None) -> dict[str, Any]:
    """Return what `submit --json` prints."""
    record = {
        "run_id": submission.name,
        "path": str(submission.path),
        "rows": len(submission.rows),
        "quartiles": submission.quartiles,
        "skipped": submission.skipped,
    }
    return record | ({"kaggle": asdict(receipt)} if receipt else {})


def check(path: Path, ids: list[str], schema: Schema) -> list[tuple[str, str]]:
    """Check that a file has one prediction per test id, in order; return its rows.

    Raises:
        UserError: It does not; the message names the file and the line.
    """
    expected_header = [schema.id_name, schema.target]
    (_, header), *rows = read_rows(path, _RETRAIN)
    if header[:2] != expected_header:  # a blend has the columns of its models too
        raise UserError(
            f"{path}: line 1: the header must be {','.join(expected_header)}"
        )
    if len(rows) != len(ids):
        raise UserError(
            f"{path}: {len(rows)} rows, but test.csv has {len(ids)}; {_RETRAIN}"
        )
    checked = []
    for (line, (row_id, cell, *_)), expected in zip(rows, ids, strict=True):
        if row_id != expected:
            raise UserError(
                f"{path}: column {schema.id_name}, line {line}: expected the id "
                f"{expected}; {_RETRAIN}"
            )
        _number(path, schema, line, cell)
        checked.append((row_id, cell))
    return checked


def _check_range(
    path: Path, target: str, predicted: list[float], targets: list[float]
) -> None:
    """Refuse predictions whose median is outside the range of the targets."""
    low, high, middle = min(targets), max(targets), median(predicted)
    if not low <= middle <= high:
        raise UserError(
            f"{path}: column {target}: the median is {middle:,.6g}, but values of "
            f"{low:,.6g} to {high:,.6g} were trained on; {_RETRAIN}"
        )


def _check_baseline(run: Run, name: str | None) -> None:
    names = [baseline.name for baseline in run.baselines or []]
    if name is not None and name not in names:
        found = "it has none; `pipeline baselines` trains them"
        if names:
            found = f"its baselines are {', '.join(names)}"
        raise UserError(f"--baseline {name}: not in {run.run_id}: {found}")


def _number(path: Path, schema: Schema, line: int, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    metric = METRICS[schema.metric]
    if not math.isfinite(number) or number <= metric.scale.above:
        raise UserError(
            f"{path}: column {schema.target}, line {line}: {short(text)} is not "
            f"{metric.allowed}; {_RETRAIN}"
        )
    return number


def _column(path: Path, name: str, remedy: str) -> list[tuple[int, str]]:
    """Return the cells of a column, each with its line number."""
    rows = read_rows(path, remedy)
    _, header = next(rows)
    if name not in header:
        raise UserError(f"{path}: column {name}: missing; {remedy}")
    index = header.index(name)
    return [(line, cells[index]) for line, cells in rows]


def _quartiles(values: list[float]) -> list[float]:
    """Return the lowest value, the three quartiles and the highest."""
    if len(values) == 1:
        values = values * 2  # Python before 3.13 needs two
    return [min(values), *quantiles(values, n=4, method="inclusive"), max(values)]
