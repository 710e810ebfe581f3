"""Figures of the errors: which houses are predicted too high or too low."""

import math

import numpy as np
import pandas as pd

from pipeline.data.schema import LOCATION, TARGET
from pipeline.report.facts import Facts
from pipeline.report.svg import labels
from pipeline.report.svg.axes import (
    WIDTH,
    RangeRow,
    draw_axes,
    draw_range_rows,
    plot_area,
)
from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale

_HEIGHT = 250
_LAYERS = 4  # of half-transparent dots, which are darker where they overlap
_MOST_GROUPS = 12  # of houses, for the running median
_GROUP_SIZE = 20  # houses per group, at least
_FINE_TICKS = (-0.1, -0.05, 0.0, 0.05, 0.1)  # in shares of the price
_COARSE_TICKS = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 9.0)


def against_actual(facts: Facts) -> Drawing:
    """Draw the predicted against the actual price, one dot per house."""
    houses = facts.houses
    price, predicted = houses[TARGET].to_numpy(), houses["prediction"].to_numpy()
    within = np.mean(np.abs(houses["error"]) < math.log(1.1))
    drawing = Drawing(
        "Predicted against actual price",
        f"{len(houses):,} dots along the diagonal; {within:.0%} of the predictions are "
        "within 10% of the price.",
        WIDTH,
        WIDTH - 20,
    )
    area = plot_area(WIDTH, drawing.height)
    both = np.concatenate([price, predicted])
    x = Scale.logarithmic(both, *area.x_range, labels.dollars)
    y = Scale.logarithmic(both, *area.y_range, labels.dollars)
    draw_axes(drawing, area, x, y, "price, log scale", "prediction")
    drawing.line("zero", area.x_range, area.y_range)
    _dots(drawing, x(price), y(predicted))
    worst = facts.largest_errors
    drawing.rings("largest", x(worst[TARGET]), y(worst["prediction"]), 4.5)
    return drawing


def residuals(facts: Facts, column: str, name: str) -> Drawing:
    """Draw the errors over a column, with a running median."""
    houses = facts.houses
    running = _running(houses, column)
    text = _trend(running["middle"])
    drawing = Drawing(f"Residuals over {name}", text, WIDTH, _HEIGHT)
    area = plot_area(WIDTH, _HEIGHT)
    if column == TARGET:
        x = Scale.logarithmic(houses[column], *area.x_range, labels.dollars)
        x_name = f"{name}, log scale"
    else:
        x = Scale.linear(houses[column], *area.x_range, labels.whole)
        x_name = name
    y = _errors(houses["error"].to_numpy(), *area.y_range)
    draw_axes(drawing, area, x, y, x_name, "prediction too high or too low")
    drawing.line("zero", [area.left, area.right], y.at(0))
    _dots(drawing, x(houses[column]), y(houses["error"]))
    worst = facts.largest_errors
    drawing.rings("largest", x(worst[column]), y(worst["error"]), 4.5)
    medians = x(running[column])
    drawing.band("quartiles", medians, y(running["low"]), y(running["high"]))
    drawing.line("median", medians, y(running["middle"]))
    return drawing


def neighbourhoods(houses: pd.DataFrame) -> Drawing:
    """Draw the quartiles of the errors by neighbourhood, most expensive first."""
    where = houses[LOCATION].fillna("missing")
    prices = houses[TARGET].groupby(where).median().sort_values(ascending=False)
    own = _quartiles(houses["error"], where).loc[prices.index]
    counts = where.value_counts().to_dict()
    rows = [
        RangeRow(str(name), each.low, each.middle, each.high, f"{counts[name]}")
        for name, each in own.iterrows()
    ]
    worst = max(rows, key=lambda row: abs(row.middle))
    return draw_range_rows(
        "Residuals by neighbourhood",
        f"{len(rows)} neighbourhoods; the largest median error is in {worst.name}: "
        f"{labels.percent(worst.middle)}.",
        rows,
        _errors(own.to_numpy(), 66, WIDTH - 34, edge=0.02),
        "quartiles of the errors · number of houses",
        zero=0,
    )


def _dots(drawing: Drawing, x: np.ndarray, y: np.ndarray) -> None:
    for layer in range(_LAYERS):
        drawing.dots("house", x[layer::_LAYERS], y[layer::_LAYERS])


def _running(houses: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return quartiles of the errors in groups of equal size, ordered by a column."""
    number = min(_MOST_GROUPS, max(2, len(houses) // _GROUP_SIZE))
    groups = pd.qcut(houses[column].rank(method="first"), number, labels=False)
    own = _quartiles(houses["error"], groups)
    return own.assign(**{column: houses[column].groupby(groups).median()})


def _quartiles(error: pd.Series, groups: pd.Series) -> pd.DataFrame:
    by = error.groupby(groups)
    low, high = by.quantile(0.25), by.quantile(0.75)
    return pd.DataFrame({"low": low, "middle": by.median(), "high": high})


def _trend(middle: pd.Series) -> str:
    """Describe a running median."""
    if middle.empty:
        return "This column has no values."
    low, high = (labels.percent(middle.iloc[end]) for end in (0, -1))
    return f"The median error is {low} at the low end and {high} at the high end."


def _errors(values: np.ndarray, start: float, end: float, edge: float = 0.05) -> Scale:
    """Return a scale of errors in log price, with ticks in percent of the price."""
    known = values[np.isfinite(values)]
    low, high = min(known.min(), 0) - edge, max(known.max(), 0) + edge
    shares = _FINE_TICKS if high - low < 0.5 else _COARSE_TICKS
    ticks = [tick for tick in map(math.log1p, shares) if low <= tick <= high]
    return Scale(low, high, start, end, ticks, labels.percent)
