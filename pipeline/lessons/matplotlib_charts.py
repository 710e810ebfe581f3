"""Draw the charts of `charts` as PNG files; no other module imports matplotlib."""

from io import BytesIO
from itertools import count, zip_longest
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.core.files import write_atomically
from pipeline.lessons.charts import Bars, Chart, Images, Lines, Matrix

_DPI = 100
_WIDTH = 8.0  # inches: 800 pixels
_MARK, _LEVEL = "#b2182b", "#555555"


def save(chart: Chart, path: Path) -> None:
    """Draw a chart and write it to a PNG file atomically."""
    write_atomically(path, png(chart))


def png(chart: Chart) -> bytes:
    """Return the chart as a PNG 800 pixels wide; equal charts give equal bytes."""
    match chart:
        case Lines():
            figure = _lines(chart)
        case Images():
            figure = _images(chart)
        case Bars():
            figure = _bars(chart)
        case Matrix():
            figure = _matrix(chart)
    buffer = BytesIO()
    # The Software entry would make the bytes depend on matplotlib's version.
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
    # Solid and dashed curves count separately, so that a pair shares its colour.
    colors = {dashed: count() for dashed in (False, True)}
    for line in chart.lines:
        if line.dots:
            axes.plot(line.x, line.y, ".", color="black", alpha=0.6, label=line.label)
        else:
            axes.plot(
                line.x,
                line.y,
                "--" if line.dashed else "-",
                marker="o" if len(line.x) <= 20 else "",
                markersize=4,
                color=f"C{next(colors[line.dashed])}",
                label=line.label,
            )
    for band in chart.bands:
        x, color = chart.lines[band.line].x, f"C{band.line}"
        axes.fill_between(x, band.low, band.high, color=color, alpha=0.2, linewidth=0)
    if level := chart.level:
        axes.axhline(level.y, color=_LEVEL, linestyle=":", label=level.text)
    if mark := chart.mark:
        axes.plot(
            mark.x, mark.y, "*", color=_MARK, markersize=16, zorder=3, label=mark.text
        )
    _scale(axes, chart)
    axes.grid(alpha=0.3)


def _scale(axes: Axes, chart: Lines) -> None:
    """Set log scales; ticks are at the values of x if it has one, else at integers."""
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
    figure = _figure(0.4 + 2.1 * rows, chart.title)
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for axes, picture in zip_longest(grid, chart.pictures):
        axes.set_axis_off()
        if picture:
            axes.imshow(picture.pixels, cmap="gray_r", vmin=0, vmax=1)
            axes.set_title(picture.caption, fontsize=9)
    return figure


def _bars(chart: Bars) -> Figure:
    figure = _figure(1.2 + 0.5 * len(chart.labels), chart.title)
    axes = figure.add_subplot()
    bars = axes.barh(chart.labels, chart.values, color="#6baed6")
    axes.bar_label(bars, chart.texts, padding=6)
    axes.tick_params(axis="y", labelsize=11)
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.set_xlabel(chart.x_label, fontsize=12)
    axes.grid(axis="x", alpha=0.3)
    return figure


def _matrix(chart: Matrix) -> Figure:
    figure = _figure(7.0, chart.title)
    axes = figure.add_subplot()
    axes.imshow(chart.values, cmap="Blues", vmin=0, vmax=100)
    ticks = range(len(chart.labels))
    axes.set_xticks(ticks, chart.labels, rotation=45, ha="right")
    axes.set_yticks(ticks, chart.labels)
    axes.set_xlabel(chart.x_label, fontsize=12)
    axes.set_ylabel(chart.y_label, fontsize=12)
    for row, values in enumerate(chart.values):
        for column, value in enumerate(values):
            if value >= 0.5:  # smaller shares would be shown as 0
                color = "white" if value > 50 else "black"
                axes.text(
                    column, row, f"{value:.0f}", ha="center", va="center", color=color
                )
    return figure
