import struct
from dataclasses import replace

import pytest

from pipeline.lessons import matplotlib_charts
from pipeline.lessons.charts import (
    Band,
    Bars,
    Images,
    Level,
    Line,
    Lines,
    Mark,
    Matrix,
    Picture,
)
from pipeline.lessons.matplotlib_charts import png

CHARTS = {
    "lines": Lines(
        "loss",
        "A title",
        "epoch",
        "loss (units)",
        [Line.by_epoch("train", [3, 2, 1]), Line("rows", [1, 2], [2, 3], dots=True)],
        mark=Mark(2, 2, "here"),
        log_y=True,
    ),
    "log lines": Lines(
        "time", "A title", "n", "s", [Line("a", [1, 1e6], [1, 9])], log_x=True
    ),
    "a level and a band": Lines(
        "size",
        "A title",
        "n",
        "s",
        [Line("a", [1, 2], [1, 9])],
        level=Level(3, "noise"),
        bands=[Band(0, [0.5, 8], [2, 10])],
    ),
    "images": Images("ten", "A title", [Picture([[0, 1], [1, 0]], "true")] * 7),
    "bars": Bars("memory", "A title", "MB", ["a", "b"], [0.2, 0.1], ["0.2 MB", ""]),
    "matrix": Matrix("m", "A title", "x", "y", ["a", "b"], [[90, 10], [0, 100]]),
}


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_is_a_png_800_pixels_wide(kind):
    content = png(CHARTS[kind])
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">2I", content[16:24])
    assert width == 800
    assert 150 < height < 900


@pytest.mark.parametrize("kind", CHARTS)
def test_the_same_chart_gives_the_same_bytes(kind):
    assert png(CHARTS[kind]) == png(CHARTS[kind])


def test_another_value_gives_another_chart():
    bars = CHARTS["bars"]
    other = replace(bars, values=[0.2, 0.15])
    assert png(other) != png(bars)


def test_a_chart_is_saved_atomically_and_leaves_no_other_file(tmp_path):
    path = tmp_path / "new" / "memory.png"
    matplotlib_charts.save(CHARTS["bars"], path)
    assert path.read_bytes() == png(CHARTS["bars"])
    assert list(path.parent.iterdir()) == [path]
