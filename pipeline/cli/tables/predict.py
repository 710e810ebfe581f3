"""The output of `predict`: assumptions, unseen categories and the first prices."""

from pipeline.cli.tables.console import say
from pipeline.cli.tables.preprocess import show_assumptions, show_unseen
from pipeline.cli.tables.submit import show_first
from pipeline.stages.predict import Prediction


def show_prediction(prediction: Prediction) -> None:
    """Print what was assumed, the first prices, and the path of the file."""
    if prediction.assumptions:
        show_assumptions(prediction.assumptions)
    show_unseen("Categories unseen in training", prediction.unseen)
    show_first(prediction.rows)
    say(f"Prices saved to {prediction.path}")
