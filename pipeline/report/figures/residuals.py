"""Pictures of the errors: which houses are priced too high or too low."""

import math

import numpy as np
import pandas as pd

from pipeline.data.schema import TARGET
from pipeline.report.svg import labels
from pipeline.report.svg.axes import WIDTH, Range, box, draw_axes, draw_ranges
from pipeline.report.svg.drawing import Drawing
from pipeline.report.svg.scales import Scale

LARGEST_ERRORS = 10  # houses that are ringed and listed
_HEIGHT = 250
_LAYERS = 4  # of dots, so that where many lie they are darker
_GROUPS = 12  # of houses, at most, for the running median
_GROUP = 20  # houses, at least, in each
_FINE = (-0.1, -0.05, 0.0, 0.05, 0.1)  # ticks, in shares of the price
_COARSE = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 9.0)


def against_actual(houses: pd.DataFrame) -> Drawing:
    """Predicted over actual price, one dot a house."""
    price, predicted = houses[TARGET].to_numpy(), houses["prediction"].to_numpy()
    within = np.mean(np.abs(houses["error"]) < math.log(1.1))
    drawing = Drawing(
        "Predicted against actual price",
        f"{len(houses):,} dots along the diagonal; {within:.0%} of the predictions are "
        "within 10% of the price.",
        WIDTH,
        WIDTH - 20,
    )
    area = box(WIDTH, drawing.height)
    both = np.concatenate([price, predicted])
    x = Scale.logarithmic(both, *area.across, labels.dollars)
    y = Scale.logarithmic(both, *area.upwards, labels.dollars)
    draw_axes(drawing, area, x, y, "price, log scale", "prediction")
    drawing.line("zero", area.across, area.upwards)
    _dots(drawing, x(price), y(predicted))
    worst = houses.nlargest(LARGEST_ERRORS, "share")
    drawing.rings("costly", x(worst[TARGET]), y(worst["prediction"]), 4.5)
    return drawing


def residuals(houses: pd.DataFrame, column: str, name: str) -> Drawing:
    """How far off predictions are over a column, with a running median."""
    running = _running(houses, column)
    text = _trend(running["middle"])
    drawing = Drawing(f"Residuals over {name}", text, WIDTH, _HEIGHT)
    area = box(WIDTH, _HEIGHT)
    if column == TARGET:
        x = Scale.logarithmic(houses[column], *area.across, labels.dollars)
        x_name = f"{name}, log scale"
    else:
        x = Scale.linear(houses[column], *area.across, labels.whole)
        x_name = name
    y = _errors(houses["error"].to_numpy(), *area.upwards)
    draw_axes(drawing, area, x, y, x_name, "prediction too high or too low")
    drawing.line("zero", [area.left, area.right], y.at(0))
    _dots(drawing, x(houses[column]), y(houses["error"]))
    worst = houses.nlargest(LARGEST_ERRORS, "share")
    drawing.rings("costly", x(worst[column]), y(worst["error"]), 4.5)
    places = x(running[column])
    drawing.band("quartiles", places, y(running["low"]), y(running["high"]))
    drawing.line("median", places, y(running["middle"]))
    return drawing


def neighbourhoods(houses: pd.DataFrame) -> Drawing:
    """The middle half of the errors of each neighbourhood, dearest first."""
    where = houses["Neighborhood"].fillna("unknown")
    dearest = houses[TARGET].groupby(where).median().sort_values(ascending=False)
    own = _quartiles(houses["error"], where).loc[dearest.index]
    counts = where.value_counts().to_dict()
    rows = [
        Range(str(name), each.low, each.middle, each.high, f"{counts[name]}")
        for name, each in own.iterrows()
    ]
    off = max(rows, key=lambda row: abs(row.middle))
    return draw_ranges(
        "Residuals by neighbourhood",
        f"{len(rows)} neighbourhoods; the median is furthest off in {off.name}: "
        f"{labels.percent(off.middle)}.",
        rows,
        _errors(own.to_numpy(), 66, WIDTH - 34, edge=0.02),
        "the middle half of the errors · houses",
        zero=0,
    )


def _dots(drawing: Drawing, x: np.ndarray, y: np.ndarray) -> None:
    for layer in range(_LAYERS):
        drawing.dots("house", x[layer::_LAYERS], y[layer::_LAYERS])


def _running(houses: pd.DataFrame, column: str) -> pd.DataFrame:
    """Quartiles of the errors in groups of about equally many houses, by a column."""
    number = min(_GROUPS, max(2, len(houses) // _GROUP))
    groups = pd.qcut(houses[column].rank(method="first"), number, labels=False)
    own = _quartiles(houses["error"], groups)
    return own.assign(**{column: houses[column].groupby(groups).median()})


def _quartiles(error: pd.Series, groups: pd.Series) -> pd.DataFrame:
    by = error.groupby(groups)
    low, high = by.quantile(0.25), by.quantile(0.75)
    return pd.DataFrame({"low": low, "middle": by.median(), "high": high})


def _trend(middle: pd.Series) -> str:
    """A running median in words."""
    if middle.empty:
        return "Nothing is known of this column."
    low, high = (labels.percent(middle.iloc[end]) for end in (0, -1))
    return f"The median error runs from {low} at the low end to {high} at the high end."


def _errors(values: np.ndarray, start: float, end: float, edge: float = 0.05) -> Scale:
    """Errors in log price, with ticks in percent of the price."""
    known = values[np.isfinite(values)]
    low, high = min(known.min(), 0) - edge, max(known.max(), 0) + edge
    shares = _FINE if high - low < 0.5 else _COARSE
    ticks = [tick for tick in map(math.log1p, shares) if low <= tick <= high]
    return Scale(low, high, start, end, ticks, labels.percent)
