"""The command `predict`: predictions of a run for the rows of any file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import print_json, say, using
from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.preprocess import show_assumptions, show_unseen
from pipeline.cli.progress import steps
from pipeline.cli.submit import show_first
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce
from pipeline.runs.record import Run
from pipeline.runs.store import find_run

if TYPE_CHECKING:  # it loads torch
    from pipeline.stages.predict import Prediction


def predict(
    file: Annotated[
        Path, typer.Argument(help="A CSV file with the columns of test.csv.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The CSV file to write.")
    ],
    root: Root = Path(),
    run: RunId = None,
    as_json: Json = False,
) -> None:
    """Predict the target for the rows of a CSV file with a trained run.

    Example: pipeline predict data/raw/test.csv -o predicted.csv
    """
    project = Project(root)
    found = find_run(project, run)
    if not as_json:
        say(using(found))
    with steps(hidden=as_json):
        announce(LOADING)
        from pipeline.stages.predict import predict

        prediction = predict(project, found, file, output)
    if as_json:
        print_json(
            {
                "run_id": found.run_id,
                "path": str(prediction.path),
                "rows": len(prediction.rows),
                "assumptions": prediction.assumptions,
                "unseen_categories": prediction.unseen,
                "training_rows": prediction.training_rows,
            }
        )
        return
    show_prediction(prediction, found)


def show_prediction(prediction: "Prediction", run: Run) -> None:
    """Print what was assumed, the first predictions, and the path of the file."""
    if prediction.assumptions:
        show_assumptions(prediction.assumptions)
    show_unseen("Categories unseen in training", prediction.unseen)
    show_first(prediction.rows, prediction.schema)
    if prediction.training_rows:
        say(
            f"{prediction.training_rows:,} of the {len(prediction.rows):,} rows are "
            "training rows: the models have seen their targets, so do not judge the "
            f"run by them. In runs/{run.run_id}/oof.csv, models have not seen them"
        )
    say(f"Predictions saved to {prediction.path}")
