"""Figures of the scores: forecast, λ, learning curves, importances, baselines."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.analysis.advice import told_apart
from pipeline.analysis.facts import Facts
from pipeline.analysis.importance import Importance
from pipeline.core.numbers import interval_text, score_text, score_tick, short_tick
from pipeline.report.drawing import WIDTH, Drawing, RangeRow, Scale, draw_range_rows
from pipeline.runs.record import BaselineScore, ModelScore, Run

MOST_FOLDS = 10  # with a figure each
MOST_COLUMNS = 20  # with their importance
_EDGE = 18  # half a tick label
_MOST_LABELS = 8  # of candidates


class Axes(NamedTuple):
    """The values that axes include. Runs side by side share axes to be comparable.

    Attributes:
        forecast: The ends of the intervals, and the scores on the leaderboard.
        epochs: The last epoch of the learning curves.
        losses: The RMSE of the learning curves.
    """

    forecast: list[float]
    epochs: int
    losses: np.ndarray


def shared_axes(several: Sequence[Facts]) -> Axes:
    """Return axes on which the figures of all runs fit."""
    curves = pd.concat(map(_shown_history, several))
    return Axes(
        forecast=[end for facts in several for end in _forecast_ends(facts)],
        epochs=1 if curves.empty else int(curves["epoch"].max()),
        losses=curves[["train", "valid"]].to_numpy(),
    )


def forecast(facts: Facts, axes: Axes) -> Drawing:
    """Draw the expected score, its interval and the actual score."""
    run, leaderboard = facts.run, facts.leaderboard
    estimate, low, high = run.forecast.estimate, run.forecast.low, run.forecast.high
    actual = [] if leaderboard is None else [leaderboard]
    text = f"Expected {score_text(estimate)}, 90% interval {interval_text(low, high)}"
    text += "".join(f", actual {score_text(score)}" for score in actual)
    drawing = Drawing("Expected score", text, 46, left=_EDGE, right=_EDGE, bottom=26)
    x = Scale.linear(axes.forecast, *drawing.x_edges, score_tick)
    drawing.x_axis(x, "")
    drawing.line("range", x([low, high]), 12)
    drawing.dots("value", x.at(estimate), 12)
    drawing.rings("largest", x(actual), 12, 6)
    return drawing


def _forecast_ends(facts: Facts) -> list[float]:
    forecast = facts.run.forecast
    low, high = forecast.low, forecast.high
    margin = (high - low) / 4 or forecast.estimate / 10
    actual = [] if facts.leaderboard is None else [facts.leaderboard]
    return [low - margin, high + margin, *actual]


def candidates(run: Run, chosen: ModelScore, others: Sequence[ModelScore]) -> Drawing:
    """Draw the difference of each candidate to the chosen one, ± two errors."""
    # The recorded difference of the chosen one is to a blend; to itself it is 0.
    best = replace(chosen, difference=0.0, difference_error=0.0)
    scores = [score for score in run.scores if score == chosen or score in others]
    scores = [best if score == chosen else score for score in scores]
    labels = [score.label for score in scores]
    far = sum(map(told_apart, others))
    drawing = Drawing(
        f"Difference to {chosen.label}",
        f"{chosen.label} has the lowest pooled score; {far} of the "
        f"{len(others)} others are more than two standard errors above it.",
    )
    # The candidates are evenly spaced: λ may be 0, which is not on a log scale.
    step = math.ceil(len(labels) / _MOST_LABELS)
    x = Scale(
        -0.5,
        len(labels) - 0.5,
        *drawing.x_range,
        ticks=list(range(0, len(labels), step)),
        label=lambda index: labels[int(index)],
    )
    middle = np.array([score.difference or 0.0 for score in scores])
    reach = np.array([2 * (score.difference_error or 0.0) for score in scores])
    low, high = middle - reach, middle + reach
    y = Scale.linear([*low, *high], *drawing.y_range, score_tick)
    drawing.axes(x, y, "candidate", f"{run.metric_title} above the best")
    drawing.line("zero", drawing.x_edges, y.at(0))
    lengths = x(range(len(labels)))
    for length, ends in zip(lengths, zip(y(low), y(high), strict=True), strict=True):
        drawing.line("whisker", length, ends)
    drawing.dots("value", lengths, y(middle))
    drawing.rings("best", lengths[scores.index(best)], y.at(0), 6)
    return drawing


def curves(facts: Facts, axes: Axes) -> dict[int, Drawing]:
    """Draw the learning curves of each fold; of many, the best, median and worst."""
    shown, learner = _shown_history(facts), facts.run.learner
    folds = learner.folds if learner else []
    return {n: _curve(shown, n, folds[n], axes) for n in _shown_folds(learner)}


def _shown_history(facts: Facts) -> pd.DataFrame:
    """Return the rows of the chosen candidate and of the folds that have a figure."""
    history, learner = facts.history, facts.run.learner
    if history is None or learner is None:
        return pd.DataFrame({"epoch": [], "train": [], "valid": []})
    is_shown = history["fold"].isin(_shown_folds(learner))
    return history[is_shown & (history["lambda"] == learner.value)]


def _shown_folds(learner: ModelScore | None) -> list[int]:
    folds = learner.folds if learner else []
    if len(folds) <= MOST_FOLDS:
        return list(range(len(folds)))
    order = sorted(range(len(folds)), key=lambda fold: folds[fold])
    return [order[0], order[len(order) // 2], order[-1]]


def _curve(history: pd.DataFrame, fold: int, score: float, axes: Axes) -> Drawing:
    """Draw the mean of a fold's networks, and their range."""
    losses = history[history["fold"] == fold].groupby("epoch")[["train", "valid"]]
    mean, low, high = losses.mean(), losses.min(), losses.max()
    drawing = Drawing(
        f"Learning curves of fold {fold + 1}",
        f"Validation error: {mean['valid'].iloc[0]:.3f} after the first epoch, "
        f"{mean['valid'].iloc[-1]:.3f} after the last. Training error after the last: "
        f"{mean['train'].iloc[-1]:.3f}.",
        height=140,
        width=170,
        left=28,
        right=10,
        bottom=22,
    )
    y = Scale.logarithmic(axes.losses, *drawing.y_edges, short_tick)
    most = min(3, axes.epochs)
    x = Scale.linear([0, axes.epochs], *drawing.x_edges, "{:.0f}".format, most=most)
    drawing.axes(x, y, "", f"fold {fold + 1}: {score_text(score)}")
    epochs = x(mean.index)
    drawing.line("train", epochs, y(mean["train"]))
    drawing.band("spread", epochs, y(low["valid"]), y(high["valid"]))
    drawing.line("valid", epochs, y(mean["valid"]))
    return drawing


def importance(found: Sequence[Importance]) -> Drawing:
    """Draw the importances of the most important columns."""
    rows = [
        RangeRow(each.column, min(each.increases), each.mean, max(each.increases))
        for each in found[:MOST_COLUMNS]
    ]
    ends = [0.0, *(end for row in rows for end in (row.low, row.high))]
    x = Scale.linear(ends, 104, WIDTH - 52, short_tick, most=4)
    best = ", ".join(row.name for row in rows[:3] if row.middle > 0)
    return draw_range_rows(
        "Column importance",
        f"Most important: {best or 'no column'}.",
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
    rows = []
    for each in scores:
        low = max(each.pooled - each.std, 0.0)
        rows.append(RangeRow(each.name, low, each.pooled, each.pooled + each.std))
    ends = [end for row in rows for end in (row.low, row.high)]
    x = Scale.logarithmic(ends, 118, WIDTH - 52, short_tick)
    best = min(rows, key=lambda row: row.middle)
    return draw_range_rows(
        "Baselines",
        f"The lowest is {best.name} at {score_text(best.middle)}; {rows[0].name} has "
        f"{score_text(rows[0].middle)}.",
        rows,
        x,
        "log-RMSE over all rows ± sd of folds (log scale)",
    )
