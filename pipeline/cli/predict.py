"""The command `predict`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Json, Root, RunId
from pipeline.cli.output import print_json, using
from pipeline.core.paths import Project
from pipeline.core.progress import LOADING, announce


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
    from pipeline.cli.tables.console import say
    from pipeline.cli.tables.predict import show_prediction
    from pipeline.cli.tables.progress import steps
    from pipeline.runs.store import find_run

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
