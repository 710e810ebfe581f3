import struct

import pytest

from pipeline.lessons import matplotlib_charts
from pipeline.lessons.charts import (
    Bars,
    Images,
    Line,
    Lines,
    Mark,
    Picture,
)
from pipeline.lessons.matplotlib_charts import png

BANDED = Lines(
    "fold",
    "fold 1",
    "epoch",
    "loss (units)",
    [Line("train", [1, 2], [3, 2], band=([2, 1], [4, 3])), Line("b", [1, 2], [2, 1])],
    log_y=True,
)
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
    "a band": BANDED,
    "images": Images("ten", "A title", [Picture([[0, 1], [1, 0]], "true", True)] * 7),
    "bars": Bars("ladder", "A title", "score", ["a", "b"], [0.2, 0.1], [0.01, 0.02]),
}


@pytest.mark.parametrize("kind", CHARTS)
def test_a_picture_is_a_png_800_pixels_wide(kind):
    content = png(CHARTS[kind])
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">2I", content[16:24])
    assert width == 800
    assert 150 < height < 900


@pytest.mark.parametrize("kind", CHARTS)
def test_the_same_chart_gives_the_same_bytes(kind):
    assert png(CHARTS[kind]) == png(CHARTS[kind])


def test_another_value_gives_another_picture():
    bars = CHARTS["bars"]
    other = Bars(
        bars.name, bars.title, bars.x_label, bars.labels, [0.2, 0.15], bars.errors
    )
    assert png(other) != png(bars)


def test_a_saved_picture_is_written_whole_and_alone(tmp_path):
    path = tmp_path / "new" / "ladder.png"
    matplotlib_charts.save(CHARTS["bars"], path)
    assert path.read_bytes() == png(CHARTS["bars"])
    assert list(path.parent.iterdir()) == [path]
