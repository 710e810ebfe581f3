"""Draw the charts of `charts` as PNG files; no other module imports matplotlib."""

from io import BytesIO
from itertools import count, zip_longest
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.core.files import write_atomically
from pipeline.lessons.charts import Bars, Chart, Images, Line, Lines

_DPI = 100
_WIDTH = 8.0  # inches: 800 pixels
_RIGHT, _WRONG = "#1b7837", "#b2182b"


def save(chart: Chart, path: Path) -> None:
    """Draw a chart and write it in one step."""
    write_atomically(path, png(chart))


def png(chart: Chart) -> bytes:
    """The chart as a PNG 800 pixels wide; the same chart gives the same bytes."""
    match chart:
        case Lines():
            figure = _lines(chart)
        case Images():
            figure = _images(chart)
        case Bars():
            figure = _bars(chart)
    buffer = BytesIO()
    # Without a Software entry the bytes speak of the chart alone.
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()


def _figure(height: float, title: str) -> Figure:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    figure.suptitle(title, fontsize=13)
    return figure


def _lines(chart: Lines) -> Figure:
    figure = _figure(5.0, chart.title)
    axes = figure.add_subplot()
    _curves(axes, chart)
    axes.set_xlabel(chart.x_label, fontsize=12)
    axes.set_ylabel(chart.y_label, fontsize=12)
    axes.legend(fontsize=11)
    return figure


def _curves(axes: Axes, chart: Lines) -> None:
    # Solid and dashed count colours apart, so that counterparts share one.
    colors = {dashed: count() for dashed in (False, True)}
    for line in chart.lines:
        if line.dots:
            axes.plot(line.x, line.y, ".", color="black", alpha=0.6, label=line.label)
        else:
            _curve(axes, line, f"C{next(colors[line.dashed])}")
    if mark := chart.mark:
        axes.plot(
            mark.x, mark.y, "*", color=_WRONG, markersize=16, zorder=3, label=mark.text
        )
    _scale(axes, chart)
    axes.grid(alpha=0.3)


def _curve(axes: Axes, line: Line, color: str) -> None:
    axes.plot(
        line.x,
        line.y,
        "--" if line.dashed else "-",
        marker="o" if len(line.x) <= 20 else "",
        markersize=4,
        color=color,
        label=line.label,
    )
    if line.band:
        axes.fill_between(line.x, *line.band, color=color, alpha=0.25, linewidth=0)


def _scale(axes: Axes, chart: Lines) -> None:
    """Log scales where asked for; ticks at the values of x, or at whole numbers."""
    if chart.log_y:
        axes.set_yscale("log")
    if chart.log_x:
        axes.set_xscale("log")
        x = chart.lines[0].x
        axes.set_xticks(x, [f"{value:,.10g}" for value in x])
        axes.set_xticks([], minor=True)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(15, steps=[1, 2, 5, 10], integer=True))


def _images(chart: Images) -> Figure:
    columns = 5
    rows = -(-len(chart.pictures) // columns)
    figure = _figure(0.4 + 1.95 * rows, chart.title)
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for axes, picture in zip_longest(grid, chart.pictures):
        axes.set_axis_off()
        if picture:
            axes.imshow(picture.pixels, cmap="gray_r", vmin=0, vmax=1)
            color = _RIGHT if picture.right else _WRONG
            axes.set_title(picture.caption, fontsize=11, color=color)
    return figure


def _bars(chart: Bars) -> Figure:
    figure = _figure(1.2 + 0.5 * len(chart.labels), chart.title)
    axes = figure.add_subplot()
    places = range(len(chart.labels))
    axes.barh(places, chart.values, xerr=chart.errors, capsize=4, color="#6baed6")
    for place, value, error in zip(places, chart.values, chart.errors, strict=True):
        axes.annotate(
            f"{value:.4f}",
            (value + error, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(places, chart.labels, fontsize=11)
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.set_xlabel(chart.x_label, fontsize=12)
    axes.grid(axis="x", alpha=0.3)
    return figure
