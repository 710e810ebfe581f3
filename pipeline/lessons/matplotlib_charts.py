"""Draw the charts of `charts` as PNG files; no other module imports matplotlib."""

from collections.abc import Sequence
from io import BytesIO
from itertools import count, zip_longest
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from pipeline.core.files import write_whole
from pipeline.lessons.charts import Against, Bars, Chart, Images, Line, Lines, Panels

_DPI = 100
_WIDTH = 8.0  # inches: 800 pixels
_RIGHT, _WRONG = "#1b7837", "#b2182b"


def save(chart: Chart, path: Path) -> None:
    """Draw a chart and write it in one step."""
    write_whole(path, png(chart))


def png(chart: Chart) -> bytes:
    """The chart as a PNG 800 pixels wide; the same chart gives the same bytes."""
    match chart:
        case Lines():
            figure = _lines(chart)
        case Panels():
            figure = _panels(chart)
        case Against():
            figure = _against(chart)
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


def _panels(chart: Panels) -> Figure:
    """Panels side by side; the labels and the legend stand once for all."""
    number = len(chart.panels)
    rows = -(-number // 5)
    columns = -(-number // rows)
    figure = _figure(1.0 + 2.2 * rows, chart.title)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, panel in zip_longest(grid.flat, chart.panels):
        if panel is None:
            axes.set_axis_off()
            continue
        _curves(axes, panel)
        _round_ticks(axes.yaxis, (1, 1.5, 2, 3, 5, 7), "{x:g}")
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], integer=True))
        axes.set_title(panel.title, fontsize=10)
    first = chart.panels[0]
    figure.supxlabel(first.x_label, fontsize=12)
    figure.supylabel(first.y_label, fontsize=12)
    lines = grid.flat[0].get_lines()
    figure.legend(handles=lines, loc="outside lower right", ncols=len(lines))
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


def _against(chart: Against) -> Figure:
    figure = _figure(7.5, chart.title)
    axes = figure.add_subplot(aspect="equal")
    axes.plot(chart.x, chart.y, ".", color="C0", alpha=0.4, markeredgewidth=0)
    ringed = [
        [values[place] for place in chart.ringed] for values in (chart.x, chart.y)
    ]
    axes.plot(*ringed, "o", color=_WRONG, ms=9, mfc="none", label=chart.rings)
    axes.axline((chart.x[0], chart.x[0]), slope=1, color="black", linewidth=1)
    axes.loglog()
    for axis in (axes.xaxis, axes.yaxis):
        _round_ticks(axis, (1, 2, 5), "{x:,.0f}")
    axes.set_xlabel(chart.x_label, fontsize=12)
    axes.set_ylabel(chart.y_label, fontsize=12)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=11)
    return figure


def _round_ticks(axis: Axis, steps: Sequence[float], text: str) -> None:
    """Ticks of a log scale at some steps of each power of ten, written out."""
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(StrMethodFormatter(text))
    axis.set_minor_locator(NullLocator())


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
