"""The command `submit`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.output import ignore, print_json, using
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.runs.record import Run


def submit(
    root: Root = Path(),
    run: RunId = None,
    rung: Annotated[
        str | None, typer.Option(help="Submit this baseline of a `baselines` run.")
    ] = None,
    allow_stale: Annotated[
        bool,
        typer.Option(
            "--allow-stale",
            help="Submit even if the run or data/raw changed after training.",
        ),
    ] = False,
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
    from pipeline.cli.tables.console import say, say_err
    from pipeline.cli.tables.progress import steps
    from pipeline.cli.tables.submit import show_score, show_submission
    from pipeline.stages.submit import competition_of, to_record, write_submission

    if (message is not None or again) and not push:
        raise UserError("--message and --again: need --push; add it")
    if push:  # before anything is written: Kaggle's client may not be installed
        from pipeline.kaggle.push import push as push_file
    project = Project(root)
    found = _found(project, run, rung)
    competition = competition_of(found) if push else ""
    if not as_json:
        say(using(found))
    with steps(hidden=as_json):
        submission = write_submission(
            project, found, rung, say_err, allow_stale=allow_stale
        )
    if not as_json:
        show_submission(submission, to_upload=not push)
    receipt = None
    if push:
        with steps(hidden=as_json):
            receipt = push_file(
                submission.path,
                competition,
                message or submission.message,
                ignore if as_json else say_err,
                again=again,
            )
    if as_json:
        print_json(to_record(submission, receipt))
    elif receipt:
        show_score(receipt, submission.forecast)


def _found(project: Project, run_id: str | None, rung: str | None) -> Run:
    """Return the run to submit: for a baseline, the newest that has baselines.

    Raises:
        UserError: There is no such run.
    """
    from pipeline.runs.store import find_run, newest_baselines

    baselines = newest_baselines(project) if rung and run_id is None else None
    return baselines or find_run(project, run_id)
