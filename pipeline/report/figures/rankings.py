"""Figures of ranked quantities: column importances and baseline scores."""

from collections.abc import Sequence

from pipeline.core.numbers import score_text
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
            score_text(each.mean),
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
        "increase of the score when shuffled",
        zero=0,
    )


def baselines(scores: Sequence[BaselineScore]) -> Drawing:
    """Draw the score of each baseline, with the standard deviation over the folds.

    The scale is logarithmic, since the mean price scores several times worse than the
    others.
    """
    rows = [
        RangeRow(
            each.name,
            max(each.mean - each.std, 0.0),
            each.mean,
            each.mean + each.std,
            score_text(each.mean),
        )
        for each in scores
    ]
    ends = [end for row in rows for end in (row.low, row.high)]
    x = Scale.logarithmic(ends, 118, WIDTH - 52, labels.short)
    best = min(rows, key=lambda row: row.middle)
    return draw_range_rows(
        "Baselines",
        f"The lowest is {best.name} at {best.text}; {rows[0].name} has {rows[0].text}.",
        rows,
        x,
        "mean log-RMSE ± sd of folds (log scale)",
    )
