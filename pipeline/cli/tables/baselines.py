"""The table of baselines."""

import math

from pipeline.cli.tables.console import make_table, say, show
from pipeline.report.texts import overall, texts
from pipeline.runs.record import Run


def show_baselines(run: Run) -> None:
    """Show the score of each baseline, and its gain over the one before."""
    baselines = run.baselines or []
    folds = [str(number) for number in range(1, 6)]
    table = make_table(["baseline"], [*folds, "mean ± sd", "pooled", "gain", "s"])
    previous = math.nan
    for baseline in baselines:
        gain = previous - baseline.pooled
        previous = baseline.pooled
        table.add_row(
            baseline.name,
            *texts(baseline.folds, short=True),
            *overall(baseline, short=True),
            "" if math.isnan(gain) else f"{gain:+.4f}",
            f"{baseline.seconds:.0f}",
        )
    show("Baselines: log-RMSE of 5 folds, lower is better", table)
    for baseline in baselines:
        if baseline.accuracy is not None:
            say(f"{baseline.name}: {baseline.accuracy:.0%} of houses in the right band")
    say("book: on contiguous folds, as in the book; all others are on the same folds")
