"""Figures of the errors: which rows are predicted too high or too low."""

import math

import numpy as np
import pandas as pd

from pipeline.analysis.facts import Facts
from pipeline.core.metrics import Metric
from pipeline.core.numbers import percent_text, short_tick, target_tick
from pipeline.report.drawing import WIDTH, Drawing, RangeRow, Scale, draw_range_rows

_MOST_WORDS = 30  # those with the most rows
_LAYERS = 4  # of half-transparent dots, which are darker where they overlap
_MOST_GROUPS = 12  # of rows, for the running median
_GROUP_SIZE = 20  # rows per group, at least
_FINE_TICKS = (-0.1, -0.05, 0.0, 0.05, 0.1)  # in shares of the target
_COARSE_TICKS = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 9.0)


def against_actual(facts: Facts) -> Drawing:
    """Draw the predicted against the actual target, one dot per row."""
    results, target = facts.results, facts.schema.target
    actual, predicted = results["actual"].to_numpy(), results["prediction"].to_numpy()
    drawing = Drawing(
        "Predicted against actual",
        f"{len(results):,} dots, one per row{_share_within(facts)}.",
        WIDTH - 20,
    )
    both = np.concatenate([actual, predicted])
    x = _targets(facts, both, *drawing.x_range)
    y = _targets(facts, both, *drawing.y_range)
    drawing.axes(x, y, _axis_name(facts, target), "prediction")
    drawing.line("zero", drawing.x_range, drawing.y_range)
    _dots(drawing, x(actual), y(predicted))
    worst = facts.largest_errors
    drawing.rings("largest", x(worst["actual"]), y(worst["prediction"]), 4.5)
    return drawing


def residuals(facts: Facts, column: str) -> Drawing:
    """Draw the errors over a column, with a running median."""
    values = facts.column(column).dropna()
    errors = facts.results["error"].loc[values.index]
    running = _running(values, errors)
    text = _trend(running["middle"], facts.metric)
    if column == facts.schema.target and _to_the_mean(running["middle"], facts.metric):
        text += (
            " Low targets are predicted too high and high ones too low (regression to "
            "the mean)."
        )
    drawing = Drawing(f"Residuals over {column}", text)
    if column == facts.schema.target:
        x = _targets(facts, values.to_numpy(), *drawing.x_range)
    else:
        x = Scale.linear(values, *drawing.x_range, short_tick)
    y = _errors(facts.metric, errors.to_numpy(), *drawing.y_range)
    x_name = _axis_name(facts, column)
    drawing.axes(x, y, x_name, "prediction too high or too low")
    drawing.line("zero", drawing.x_edges, y.at(0))
    _dots(drawing, x(values), y(errors))
    worst = facts.largest_errors["error"]
    drawing.rings("largest", x(facts.column(column).loc[worst.index]), y(worst), 4.5)
    medians = x(running["value"])
    drawing.band("quartiles", medians, y(running["low"]), y(running["high"]))
    drawing.line("median", medians, y(running["middle"]))
    return drawing


def residuals_by_word(facts: Facts, column: str) -> Drawing:
    """Draw the quartiles of the errors by a column of words, highest targets first."""
    metric = facts.metric
    words = facts.column(column).astype(object).fillna("missing")
    counts = words.value_counts().head(_MOST_WORDS).to_dict()
    words = words[words.isin(counts)]
    results = facts.results.loc[words.index]
    targets = results["actual"].groupby(words).median().sort_values(ascending=False)
    quartiles = _quartiles(results["error"], words).loc[targets.index]
    ranges = [
        RangeRow(str(word), error.low, error.middle, error.high, f"{counts[word]}")
        for word, error in quartiles.iterrows()
    ]
    worst = max(ranges, key=lambda row: abs(row.middle))
    return draw_range_rows(
        f"Residuals by {column}",
        f"{len(ranges)} words; the largest median error is in {worst.name}: "
        f"{_error_text(worst.middle, metric)}.",
        ranges,
        _errors(metric, quartiles.to_numpy(), 66, WIDTH - 34, edge=0.02),
        "quartiles of the errors · number of rows",
        zero=0,
    )


def _targets(facts: Facts, values: np.ndarray, start: float, end: float) -> Scale:
    """Return a scale of targets."""
    make = Scale.logarithmic if _is_log(facts) else Scale.linear
    return make(values, start, end, target_tick)


def _is_log(facts: Facts) -> bool:
    """Return whether targets have a log scale: errors are of logs, and none is 0."""
    targets = facts.results[["actual", "prediction"]].to_numpy()
    return facts.metric.log and bool(targets.min() > 0)


def _axis_name(facts: Facts, column: str) -> str:
    is_target = column == facts.schema.target
    return f"{column}, log scale" if is_target and _is_log(facts) else column


def _share_within(facts: Facts) -> str:
    """Return how many predictions are within a tenth, where errors are of logs."""
    if not facts.metric.log:
        return ""
    share = np.mean(np.abs(facts.results["error"]) < math.log(1.1))
    return f"; {share:.0%} of the predictions are within 10% of {facts.metric.base}"


def _dots(drawing: Drawing, x: np.ndarray, y: np.ndarray) -> None:
    for layer in range(_LAYERS):
        drawing.dots("row", x[layer::_LAYERS], y[layer::_LAYERS])


def _running(values: pd.Series, errors: pd.Series) -> pd.DataFrame:
    """Return quartiles of the errors in groups of equal size, ordered by values."""
    number = min(_MOST_GROUPS, max(2, len(values) // _GROUP_SIZE))
    groups = pd.qcut(values.rank(method="first"), number, labels=False)
    quartiles = _quartiles(errors, groups)
    return quartiles.assign(value=values.groupby(groups).median())


def _quartiles(error: pd.Series, groups: pd.Series) -> pd.DataFrame:
    low, middle, high = (error.groupby(groups).quantile(q) for q in (0.25, 0.5, 0.75))
    return pd.DataFrame({"low": low, "middle": middle, "high": high})


def _trend(middle: pd.Series, metric: Metric) -> str:
    """Describe a running median."""
    if middle.empty:
        return "This column has no values."
    low, high = (_error_text(middle.iloc[end], metric) for end in (0, -1))
    return f"The median error is {low} at the low end and {high} at the high end."


def _to_the_mean(middle: pd.Series, metric: Metric) -> bool:
    """Return whether a running median falls from above zero to below it, as shown."""
    low, high = middle.iloc[0], middle.iloc[-1]
    shown = {_error_text(error, metric) for error in (low, high)}
    return bool(low > 0 > high) and _error_text(0.0, metric) not in shown


def _error_text(error: float, metric: Metric) -> str:
    return percent_text(error) if metric.log else target_tick(error)


def _errors(
    metric: Metric, values: np.ndarray, start: float, end: float, edge: float = 0.05
) -> Scale:
    """Return a scale of errors; of logs, with ticks in percent of the base."""
    finite = values[np.isfinite(values)]
    low, high = min(finite.min(), 0), max(finite.max(), 0)
    if not metric.log:
        margin = edge * (high - low)
        return Scale.linear([low - margin, high + margin], start, end, target_tick)
    low, high = low - edge, high + edge
    shares = _FINE_TICKS if high - low < 0.5 else _COARSE_TICKS
    ticks = [tick for tick in map(math.log1p, shares) if low <= tick <= high]
    return Scale(low, high, start, end, ticks, percent_text)
