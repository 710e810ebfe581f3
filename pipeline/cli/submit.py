"""The command `submit`: the submission file, and its score on Kaggle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import console
from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.progress import steps
from pipeline.core import numbers
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.data.schema import Schema
from pipeline.kaggle.receipts import Receipt
from pipeline.runs.record import Run
from pipeline.runs.store import find_run, newest_baselines

if TYPE_CHECKING:
    from pipeline.stages.submit import Submission


def submit(
    root: Root = Path(),
    run: RunId = None,
    baseline: Annotated[
        str | None, typer.Option(help="Submit this baseline of a `baselines` run.")
    ] = None,
    allow_stale: Annotated[
        bool,
        typer.Option(
            "--allow-stale",
            help="Submit even if the run or data/raw changed after training.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write instead."),
    ] = None,
    push: Annotated[
        bool,
        typer.Option("--push", help="Upload it to Kaggle and wait for its score."),
    ] = False,
    message: Annotated[
        str | None,
        typer.Option(
            "--message",
            "-m",
            help="Submission message (default: run id and CV score).",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Upload it even if it was submitted before."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write submissions/<run id>.csv for a run, and check it as Kaggle would.

    Example: pipeline submit --push -m "wider layers"
    """
    _check_push(push=push, options=message is not None or again, output=output)
    from pipeline.stages import submit as stage

    if push:  # before anything is written: Kaggle's client may not be installed
        from pipeline.kaggle.push import push as push_file
    project = Project(root)
    found = newest_baselines(project) if baseline and run is None else None
    found = found or find_run(project, run)
    competition = stage.competition_of(found) if push else ""
    if not as_json:
        console.say(console.using(found))
    with steps(hidden=as_json):
        submission = stage.write_submission(
            project, found, baseline, console.say_err, output, allow_stale=allow_stale
        )
    if not as_json:
        show_submission(submission, to_upload=not push)
    receipt = None
    if push:
        score = f"cross-validation {numbers.score_text(found.cv)}"
        with steps(hidden=as_json):
            receipt = push_file(
                submission.path,
                competition,
                message or f"{found.run_id}, {baseline or score}",
                console.ignore if as_json else console.say_err,
                again=again,
            )
    if as_json:
        console.print_json(stage.to_record(submission, receipt))
    elif receipt:
        show_score(receipt, None if baseline else found)


def _check_push(*, push: bool, options: bool, output: Path | None) -> None:
    if options and not push:
        raise UserError("--message and --again: need --push; add it")
    if output and push:
        raise UserError("--output: not with --push; leave one of them out")


def show_submission(submission: Submission, *, to_upload: bool = True) -> None:
    """Print the first rows, both distributions, and where to upload the file."""
    schema = submission.schema
    show_first(submission.rows, schema)
    rows = [
        ("training", *map(numbers.target_text, submission.train_quartiles)),
        ("predicted", *map(numbers.target_text, submission.quartiles)),
    ]
    quartiles = ["lowest", "25 %", "median", "75 %", "highest"]
    table = console.make_table([""], quartiles, rows)
    console.show(f"{schema.target}: training and predicted", table)
    state = "up to date" if submission.skipped else "written and checked"
    console.say(f"{submission.path}: {state}")
    if to_upload and schema.upload:
        console.say(f"Upload it at {schema.upload}")


def show_first(rows: Sequence[tuple[int | str, float]], schema: Schema) -> None:
    """Print the first ids with their predictions."""
    first = [(row_id, numbers.prediction_text(value)) for row_id, value in rows[:5]]
    table = console.make_table([], [schema.id_name, schema.target], first)
    console.show(f"The first of {len(rows):,} rows", table)


def show_score(receipt: Receipt, run: Run | None) -> None:
    """Print the score on Kaggle's leaderboard, and what was expected of a run."""
    score = "none" if receipt.public_score is None else f"{receipt.public_score:.5f}"
    console.say(f"On Kaggle's leaderboard: {score} (submission {receipt.number})")
    if run:
        expected = run.forecast
        console.say(
            f"Expected there: {numbers.score_text(expected.estimate)} "
            f"(90 % interval {numbers.interval_text(expected.low, expected.high)})"
        )
        if run.about_choice:
            console.say_wrapped(run.about_choice)
