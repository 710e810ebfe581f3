"""The output of `submit`: the file, where to upload it, and its score on Kaggle."""

from collections.abc import Sequence

from pipeline.cli.tables.console import make_table, say, show
from pipeline.core.numbers import score_text
from pipeline.data.schema import Schema
from pipeline.kaggle.receipts import Receipt
from pipeline.report.texts import value_text
from pipeline.runs.record import Forecast
from pipeline.stages.submit import Submission


def show_submission(submission: Submission, *, to_upload: bool = True) -> None:
    """Print the first rows, both distributions, and where to upload the file."""
    schema = submission.schema
    show_first(submission.rows, schema)
    table = make_table([""], ["lowest", "25 %", "median", "75 %", "highest"])
    for name, values in (
        ("training", submission.train_quartiles),
        ("predicted", submission.quartiles),
    ):
        table.add_row(name, *map(value_text, values))
    show(f"{schema.target}: training and predicted", table)
    state = "up to date" if submission.skipped else "written and checked"
    say(f"{submission.path}: {state}")
    if to_upload and schema.upload:
        say(f"Upload it at {schema.upload}")


def show_first(rows: Sequence[tuple[int | str, float]], schema: Schema) -> None:
    """Print the first ids with their predictions."""
    table = make_table([], [schema.id_name, schema.target])
    for own, predicted in rows[:5]:
        table.add_row(
            str(own),
            f"{predicted:,.2f}" if abs(predicted) >= 1000 else f"{predicted:.5g}",
        )
    show(f"The first of {len(rows):,} rows", table)


def show_score(receipt: Receipt, forecast: Forecast | None) -> None:
    """Print the score on Kaggle's leaderboard, and the forecast of the run."""
    score = "none" if receipt.public_score is None else f"{receipt.public_score:.5f}"
    say(f"On Kaggle's leaderboard: {score} (submission {receipt.number})")
    if forecast:
        say(
            f"Expected there: {score_text(forecast.estimate)} "
            f"(90 % interval {score_text(forecast.low)} to {score_text(forecast.high)})"
        )
