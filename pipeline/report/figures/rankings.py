"""Figures of ranked quantities: column importances and baseline scores."""

from collections.abc import Sequence

from pipeline.report.importance import Importance
from pipeline.report.svg import labels
from pipeline.report.svg.axes import WIDTH, RangeRow, draw_range_rows
from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale
from pipeline.runs.record import BaselineScore

MOST_COLUMNS = 20  # that are shown


def importance(found: Sequence[Importance]) -> Drawing:
    """Draw the importances of the most important columns."""
    rows = [
        RangeRow(
            each.column,
            min(each.increases),
            each.mean,
            max(each.increases),
            f"{each.mean:.4f}",
        )
        for each in found[:MOST_COLUMNS]
    ]
    x = Scale.linear(
        [0, *(row.low for row in rows), *(row.high for row in rows)],
        104,
        WIDTH - 52,
        labels.short,
        most=4,
    )
    best = ", ".join(row.name for row in rows[:3])
    return draw_range_rows(
        "Column importance",
        f"The three most important columns are {best}.",
        rows,
        x,
        "increase of log-RMSE when shuffled",
        zero=0,
    )


def baselines(scores: Sequence[BaselineScore]) -> Drawing:
    """Draw the score of each baseline, with the standard deviation over the folds."""
    # The mean price scores so much worse that its row would compress all others.
    shown = [each for each in scores if each.name != "mean-price"]
    rows = [
        RangeRow(
            each.name,
            each.mean - each.std,
            each.mean,
            each.mean + each.std,
            f"{each.mean:.4f}",
        )
        for each in shown
    ]
    ends = [end for row in rows for end in (row.low, row.high)]
    x = Scale.linear(ends, 118, WIDTH - 52, labels.short, most=4)
    return draw_range_rows(
        "Baselines",
        f"From {rows[0].name} at {rows[0].text} to {rows[-1].name} at {rows[-1].text}.",
        rows,
        x,
        "mean log-RMSE ± sd of folds",
    )
