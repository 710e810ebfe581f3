"""The houses that `predict` priced, and what it assumed of them."""

from pipeline.cli.tables.console import say
from pipeline.cli.tables.preprocess import show_assumptions, show_unseen
from pipeline.cli.tables.submit import show_first
from pipeline.stages.predict import Prediction


def show_prediction(prediction: Prediction) -> None:
    """What was assumed, the first rows, and where all of them are."""
    if prediction.assumptions:
        show_assumptions(prediction.assumptions)
    show_unseen("Not known to the networks", prediction.unseen)
    show_first(prediction.rows)
    say(f"{prediction.path}: written")
