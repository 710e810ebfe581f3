"""The file for Kaggle, what to do with it, and what Kaggle says of it."""

from collections.abc import Sequence
from typing import Any

from pipeline.cli.tables.console import make_table, say, show
from pipeline.kaggle.receipts import Sent
from pipeline.stages.submit import Submission

_UPLOAD = "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/submit"


def show_submission(submission: Submission, *, to_upload: bool = True) -> None:
    """The first rows, the prices beside training's, and where to upload the file."""
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
    """The first of the houses and their prices."""
    table = make_table([], ["Id", "SalePrice"])
    for house, price in rows[:5]:
        table.add_row(str(house), f"{price:,.2f}")
    show(f"The first of {len(rows):,} rows", table)


def show_answer(sent: Sent, run: dict[str, Any] | None) -> None:
    """Kaggle's score beside what the run said of itself, where it is the run's own."""
    score = "none" if sent.public_score is None else f"{sent.public_score:.5f}"
    say(f"On Kaggle's leaderboard: {score} (submission {sent.number})")
    if run:
        expected = run["forecast"]
        say(
            f"Expected there: {expected['estimate']:.4f} "
            f"(90 % interval {expected['low']:.4f} to {expected['high']:.4f})"
        )
