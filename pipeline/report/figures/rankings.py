"""Pictures of what is ranked: the columns that matter, the rungs of the ladder."""

from collections.abc import Sequence

from pipeline.report.importance import Importance
from pipeline.report.svg import labels
from pipeline.report.svg.axes import WIDTH, Range, draw_ranges
from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale
from pipeline.runs.record import Ladder

MOST_COLUMNS = 20  # that are shown


def importance(found: Sequence[Importance]) -> Drawing:
    """The columns that matter most."""
    shown = found[:MOST_COLUMNS]
    rows = [
        Range(
            each.column, min(each.rises), each.mean, max(each.rises), f"{each.mean:.4f}"
        )
        for each in shown
    ]
    x = Scale.linear(
        [0, *(row.low for row in rows), *(row.high for row in rows)],
        104,
        WIDTH - 52,
        labels.short,
        most=4,
    )
    best = ", ".join(row.name for row in rows[:3])
    return draw_ranges(
        "Which columns matter",
        f"The three that matter most are {best}.",
        rows,
        x,
        "log-RMSE lost when shuffled",
        zero=0,
    )


def ladder(climbed: Ladder) -> Drawing:
    """Each rung's score, with its deviation over the folds."""
    # The mean price is far off: in the table, but not in the picture.
    shown = [rung for rung in climbed.rungs if rung.name != "mean-price"]
    rows = [
        Range(r.name, r.mean - r.std, r.mean, r.mean + r.std, f"{r.mean:.4f}")
        for r in shown
    ]
    ends = [end for row in rows for end in (row.low, row.high)]
    x = Scale.linear(ends, 118, WIDTH - 52, labels.short, most=4)
    return draw_ranges(
        "The ladder",
        f"From {rows[0].name} at {rows[0].text} to {rows[-1].name} at {rows[-1].text}.",
        rows,
        x,
        "mean log-RMSE ± deviation of folds",
    )
