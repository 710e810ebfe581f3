"""Pictures of the scores: what to expect, over λ, and as the networks learned."""

import numpy as np
import pandas as pd

from pipeline.report.svg import labels
from pipeline.report.svg.axes import WIDTH, Box, box, draw_axes
from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale
from pipeline.runs.record import Record

MOST_FOLDS = 10  # whose curves are shown
_HEIGHT = 250
_EDGE = 8
_MOST_LABELS = 8  # of λ


def forecast(record: Record, leaderboard: float | None) -> Drawing:
    """The leaderboard score to expect on a line, with its interval; the one it got."""
    estimate, low, high = record.forecast
    got = [] if leaderboard is None else [leaderboard]
    text = f"{estimate:.4f} expected, 90% between {low:.4f} and {high:.4f}"
    text += "".join(f", {score:.4f} got" for score in got)
    drawing = Drawing("The score to expect on the leaderboard", text, WIDTH, 46)
    margin = (high - low) / 4 or estimate / 10
    ends = [low - margin, high + margin, *got]
    x = Scale.linear(ends, _EDGE, WIDTH - _EDGE, labels.score)
    drawing.line("axis", [x.start, x.end], 20)
    for tick in x.ticks:
        drawing.line("axis", x.at(tick), [20, 24])
        drawing.text("tick", x.at(tick), 38, x.label(tick), "middle")
    drawing.line("range", x([low, high]), 12)
    drawing.dots("value", x.at(estimate), 12)
    drawing.rings("costly", x(got), 12, 6)
    return drawing


def lambdas(record: Record) -> Drawing:
    """The score over λ, with standard errors, and the two λ that matter."""
    scores, best = record.scores, record.best
    simple = record.simplest
    drawing = Drawing(
        "Score over λ",
        f"The lowest pooled score is that of λ = {best.value:g}; the largest λ within "
        f"one standard error of it is {simple.value:g}.",
        WIDTH,
        _HEIGHT,
    )
    area = box(WIDTH, _HEIGHT)
    # λ may be 0, so that its steps are even and not those of a log scale.
    every = -(-len(scores) // _MOST_LABELS)
    x = Scale(
        -0.5,
        len(scores) - 0.5,
        *area.across,
        ticks=list(range(0, len(scores), every)),
        label=lambda place: f"{scores[int(place)].value:g}",
    )
    low = np.array([each.mean - each.standard_error for each in scores])
    high = np.array([each.mean + each.standard_error for each in scores])
    y = Scale.linear([*low, *high], *area.upwards, labels.score)
    draw_axes(drawing, area, x, y, "weight decay λ, as tried", "mean log-RMSE")
    drawing.line("bound", [area.left, area.right], y.at(record.bound))
    places, means = x(range(len(scores))), y([each.mean for each in scores])
    for place, ends in zip(places, zip(y(low), y(high), strict=True), strict=True):
        drawing.line("whisker", place, ends)
    drawing.line("valid", places, means)
    drawing.dots("value", places, means)
    for score, kind in ((simple, "simple"), (best, "best")):
        number = scores.index(score)
        drawing.rings(kind, places[number], means[number], 6)
    return drawing


def curves(record: Record, history: pd.DataFrame) -> dict[int, Drawing]:
    """For each fold, or the best, the median and the worst of many, its curves."""
    folds = record.best.folds
    shown = list(range(len(folds)))
    if len(folds) > MOST_FOLDS:
        order = sorted(shown, key=lambda fold: folds[fold])
        shown = [order[0], order[len(order) // 2], order[-1]]
    of_best = history["lambda"] == record.best.value
    part = history[of_best & history["fold"].isin(shown)]
    return {fold: _curve(part, fold, folds[fold]) for fold in shown}


def _curve(history: pd.DataFrame, fold: int, score: float) -> Drawing:
    """A fold's learning curves: the mean of its networks, and the range of them."""
    own = history[history["fold"] == fold].groupby("epoch")[["train", "valid"]]
    mean, low, high = own.mean(), own.min(), own.max()
    width, height = 170, 140
    drawing = Drawing(
        f"Learning curves of fold {fold + 1}",
        f"Validation falls from {mean['valid'].iloc[0]:.3f} after the first epoch to "
        f"{mean['valid'].iloc[-1]:.3f} after the last, training to "
        f"{mean['train'].iloc[-1]:.3f}.",
        width,
        height,
    )
    area = Box(28, width - 10, 22, height - 22)
    values = history[["train", "valid"]].to_numpy()
    y = Scale.logarithmic(values, area.bottom, area.top, labels.short)
    last = int(mean.index.max())
    x = Scale.linear([0, last], area.left, area.right, labels.whole, most=min(3, last))
    draw_axes(drawing, area, x, y, "", f"fold {fold + 1}: {score:.4f}")
    epochs = x(mean.index)
    drawing.line("train", epochs, y(mean["train"]))
    drawing.band("spread", epochs, y(low["valid"]), y(high["valid"]))
    drawing.line("valid", epochs, y(mean["valid"]))
    return drawing
