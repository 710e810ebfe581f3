"""The output of `predict`: assumptions, unseen categories, first predictions."""

from typing import TYPE_CHECKING

from pipeline.cli.tables.console import say
from pipeline.cli.tables.preprocess import show_assumptions, show_unseen
from pipeline.cli.tables.submit import show_first
from pipeline.runs.record import Run

if TYPE_CHECKING:  # it loads torch
    from pipeline.stages.predict import Prediction


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
