"""The command `blend`: the blend of the predictions of finished runs."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import next_step, print_json, saved, say, say_wrapped
from pipeline.cli.options import Force, Json, Root
from pipeline.cli.progress import steps
from pipeline.cli.train import show_scores
from pipeline.core.paths import Project
from pipeline.runs.integrity import OwnModel, runs_to_blend
from pipeline.stages import up_to_date


def blend(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Run ids, and folders with oof.csv and predictions.csv of own models."
        ),
    ],
    root: Root = Path(),
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Blend finished runs on the same folds, with weights fitted out of fold.

    Keep the runs: `pipeline predict` needs them for new rows. In a folder of your own,
    oof.csv has the columns id and prediction, and fold if the folds are to be checked;
    predictions.csv has the id and the target, as a submission.

    Example: pipeline blend 20261124-103916-061 20261124-104501-230
    """
    with steps(hidden=as_json):
        project = Project(root)
        members = runs_to_blend(project, runs)
        outcome = up_to_date.blend(project, members, force=force)
    if as_json:
        print_json({**outcome.result.to_json(), "skipped": outcome.skipped})
        return
    show_scores(outcome.result)
    for member in members:
        if isinstance(member, OwnModel) and not member.has_folds:
            say_wrapped(
                f"{member.oof} has no column fold. Its folds are unknown: models that "
                "have seen the rows that they predict make the blend's score too good"
            )
    say(f"{saved(outcome)}. {next_step('submit', root)}")
