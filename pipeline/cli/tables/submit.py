"""The output of `submit`: the file, where to upload it, and its score on Kaggle."""

from collections.abc import Sequence

from pipeline.cli.tables.console import make_table, say, show
from pipeline.kaggle.receipts import Receipt
from pipeline.runs.record import Forecast
from pipeline.stages.submit import Submission

_UPLOAD = "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/submit"


def show_submission(submission: Submission, *, to_upload: bool = True) -> None:
    """Print the first rows, both price distributions, and where to upload the file."""
    show_first(submission.rows)
    table = make_table([""], ["lowest", "25 %", "median", "75 %", "highest"])
    for name, values in (
        ("training", submission.train_quartiles),
        ("predicted", submission.quartiles),
    ):
        table.add_row(name, *(f"{value:,.0f}" for value in values))
    show("Prices in dollars", table)
    state = "up to date" if submission.skipped else "written and checked"
    say(f"{submission.path}: {state}")
    if to_upload:
        say(f"Upload it at {_UPLOAD}")


def show_first(rows: Sequence[tuple[int, float]]) -> None:
    """Print the first Ids with their prices."""
    table = make_table([], ["Id", "SalePrice"])
    for house, price in rows[:5]:
        table.add_row(str(house), f"{price:,.2f}")
    show(f"The first of {len(rows):,} rows", table)


def show_score(receipt: Receipt, forecast: Forecast | None) -> None:
    """Print the score on Kaggle's leaderboard, and the forecast of the run."""
    score = "none" if receipt.public_score is None else f"{receipt.public_score:.5f}"
    say(f"On Kaggle's leaderboard: {score} (submission {receipt.number})")
    if forecast:
        say(
            f"Expected there: {forecast.estimate:.4f} "
            f"(90 % interval {forecast.low:.4f} to {forecast.high:.4f})"
        )
