"""The file for Kaggle, and what to do with it."""

from pipeline.submission import Submission
from pipeline.tables.console import make_table, say, show

_UPLOAD = "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/submit"


def show_submission(submission: Submission) -> None:
    """The first rows, the prices beside training's, and what to do next."""
    head = make_table([], ["Id", "SalePrice"])
    for house, price in submission.rows[:5]:
        head.add_row(str(house), f"{price:,.2f}")
    show(f"The first of {len(submission.rows):,} rows", head)
    table = make_table([""], ["lowest", "25 %", "median", "75 %", "highest"])
    for name, values in (
        ("training", submission.train_quartiles),
        ("predicted", submission.quartiles),
    ):
        table.add_row(name, *(f"{value:,.0f}" for value in values))
    show("Prices in dollars", table)
    state = "up to date" if submission.skipped else "written and checked"
    say(f"{submission.path}: {state}")
    say(f"Upload it at {_UPLOAD}")
