"""Figures of the scores: the forecast, the scores over λ, the learning curves."""

import numpy as np
import pandas as pd

from pipeline.report.svg import labels
from pipeline.report.svg.axes import WIDTH, PlotArea, draw_axes, plot_area
from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale
from pipeline.runs.record import Run

MOST_FOLDS = 10  # with a figure each
_HEIGHT = 250
_EDGE = 18  # half a tick label
_MOST_LABELS = 8  # of λ


def forecast(run: Run, leaderboard: float | None) -> Drawing:
    """Draw the expected leaderboard score, its interval and the actual score."""
    estimate, low, high = run.forecast.estimate, run.forecast.low, run.forecast.high
    actual = [] if leaderboard is None else [leaderboard]
    text = f"Expected {estimate:.4f}, 90% interval {low:.4f} to {high:.4f}"
    text += "".join(f", actual {score:.4f}" for score in actual)
    drawing = Drawing("Expected leaderboard score", text, WIDTH, 46)
    margin = (high - low) / 4 or estimate / 10
    ends = [low - margin, high + margin, *actual]
    x = Scale.linear(ends, _EDGE, WIDTH - _EDGE, labels.score)
    drawing.line("axis", [x.start, x.end], 20)
    for tick in x.ticks:
        drawing.line("axis", x.at(tick), [20, 24])
        drawing.text("tick", x.at(tick), 38, x.label(tick), "middle")
    drawing.line("range", x([low, high]), 12)
    drawing.dots("value", x.at(estimate), 12)
    drawing.rings("largest", x(actual), 12, 6)
    return drawing


def lambdas(run: Run) -> Drawing:
    """Draw the score of each λ, and mark the best and the simplest."""
    scores, best, simplest = run.scored, run.best, run.simplest
    drawing = Drawing(
        "Score over λ",
        f"λ = {best.weight_decay:g} has the lowest pooled score; the largest λ within "
        f"one standard error of it is {simplest.weight_decay:g}.",
        WIDTH,
        _HEIGHT,
    )
    area = plot_area(WIDTH, _HEIGHT)
    # The values are evenly spaced: λ may be 0, which a log scale has not.
    every = -(-len(scores) // _MOST_LABELS)
    x = Scale(
        -0.5,
        len(scores) - 0.5,
        *area.x_range,
        ticks=list(range(0, len(scores), every)),
        label=lambda index: f"{scores[int(index)].weight_decay:g}",
    )
    low = np.array([each.mean - each.standard_error for each in scores])
    high = np.array([each.mean + each.standard_error for each in scores])
    y = Scale.linear([*low, *high], *area.y_range, labels.score)
    draw_axes(drawing, area, x, y, "weight decay λ", "mean log-RMSE")
    drawing.line("bound", [area.left, area.right], y.at(run.bound))
    lengths, means = x(range(len(scores))), y([each.mean for each in scores])
    for length, ends in zip(lengths, zip(y(low), y(high), strict=True), strict=True):
        drawing.line("whisker", length, ends)
    drawing.line("valid", lengths, means)
    drawing.dots("value", lengths, means)
    for score, kind in ((simplest, "simplest"), (best, "best")):
        index = scores.index(score)
        drawing.rings(kind, lengths[index], means[index], 6)
    return drawing


def curves(run: Run, history: pd.DataFrame) -> dict[int, Drawing]:
    """Draw the learning curves of each fold; of many, the best, median and worst."""
    folds = run.best.folds
    shown = list(range(len(folds)))
    if len(folds) > MOST_FOLDS:
        order = sorted(shown, key=lambda fold: folds[fold])
        shown = [order[0], order[len(order) // 2], order[-1]]
    of_best = history["lambda"] == run.best_lambda
    part = history[of_best & history["fold"].isin(shown)]
    return {fold: _curve(part, fold, folds[fold]) for fold in shown}


def _curve(history: pd.DataFrame, fold: int, score: float) -> Drawing:
    """Draw the mean of a fold's networks, and their range."""
    own = history[history["fold"] == fold].groupby("epoch")[["train", "valid"]]
    mean, low, high = own.mean(), own.min(), own.max()
    width, height = 170, 140
    drawing = Drawing(
        f"Learning curves of fold {fold + 1}",
        f"Validation error: {mean['valid'].iloc[0]:.3f} after the first epoch, "
        f"{mean['valid'].iloc[-1]:.3f} after the last. Training error after the last: "
        f"{mean['train'].iloc[-1]:.3f}.",
        width,
        height,
    )
    area = PlotArea(28, width - 10, 22, height - 22)
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
