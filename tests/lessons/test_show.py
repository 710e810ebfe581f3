import json
import math
import struct

import pytest

from pipeline.lessons import LESSONS, show
from pipeline.lessons.runner import Result, viewing
from pipeline.lessons.show import Picture, Published, Row, Seen, Table, picture


def shown_by(function, *args, **options):
    """What a function shows."""
    shown = []
    with viewing(shown.append):
        function(*args, **options)
    return shown


def rows_of(published, measured, **options):
    ((rows,),) = shown_by(show.compare, published, measured, **options)
    return rows


def draw(y=(3, 2, 1)):
    with picture("loss", "A title", "epoch", "loss (units)") as axes:
        axes.plot([1, 2, 3], y, "o-", label="train")


@pytest.mark.parametrize(
    ("measured", "within"),
    [(0.99, False), (1.0, True), (2.0, True), (2.01, False), (math.nan, False)],
)
def test_the_ends_of_a_tolerance_are_within_it(measured, within):
    (row,) = rows_of({"x": Published("1 to 2", 1.0, 2.0)}, {"x": measured})
    assert row == Row("x", "1 to 2", measured, (1.0, 2.0), within)


def test_a_quantity_may_have_no_tolerance_or_no_published_value():
    rows = rows_of({"x": Published("1"), "y": Published("2", 1, 3)}, {"x": 5.0, "z": 6})
    assert rows == [Row("x", "1", 5.0), Row("z", "", 6)]


def test_other_settings_than_the_books_have_no_tolerance():
    rows = rows_of({"x": Published("1", 0.5, 2.0)}, {"x": 1.0}, book=False)
    assert rows == [Row("x", "1", 1.0)]


@pytest.mark.parametrize(
    ("band", "text"),
    [((1, 2), "1 to 2"), ((3, 3), "3"), ((10, math.inf), "at least 10"), (None, "")],
)
def test_a_tolerance_as_text(band, text):
    assert Row("x", "1", 1.5, band).cells[3] == text


def test_a_picture_is_a_png_800_pixels_wide_with_a_legend():
    ((name, figure),) = shown_by(draw)
    content = Picture(name, figure)._repr_png_()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">2I", content[16:24]) == (800, 500)
    (axes,) = figure.axes
    assert axes.get_legend().get_texts()[0].get_text() == "train"
    assert (axes.get_title(), axes.get_xlabel()) == ("A title", "epoch")


def test_the_same_picture_gives_the_same_bytes_and_another_value_others():
    same, again, other = (
        shown_by(draw, y)[0]._repr_png_() for y in ((3, 2, 1), (3, 2, 1), (3, 2, 2))
    )
    assert same == again != other


def test_a_notebook_shows_a_table_in_html_and_a_sentence_as_it_is():
    table = Table([Row("y < x", "1", 2.5, (1.0, 2.0), False)])
    assert "<td>y &lt; x</td><td>1</td><td>2.5</td>" in table._repr_html_()
    assert Seen("All is well.")._repr_markdown_() == "All is well."


def test_without_a_notebook_or_a_command_what_is_shown_is_printed(capsys):
    show.compare({}, {"loss": 0.5})
    show.seen("One.", "Two.")
    assert capsys.readouterr().out == "loss |  | 0.5 |  | \nOne. Two.\n"


def test_a_record_is_strict_json():
    rows = [
        Row("ratio", "24", 30.0, (10.0, math.inf), inside=True),
        Row("loss", "1", math.inf, (0.0, 1.0), inside=False),
        Row("y = x[0]", "shares memory", "same address", inside=True),
    ]
    seen = ["one sentence"]
    result = Result(LESSONS["tensors"], "both", rows, {}, seen, 0.5)
    record = json.loads(json.dumps(result.record(), allow_nan=False))
    assert record["rows"] == [
        {
            "quantity": "ratio",
            "published": "24",
            "measured": 30.0,
            "band": [10.0, None],
            "inside": True,
        },
        {
            "quantity": "loss",
            "published": "1",
            "measured": None,
            "band": [0.0, 1.0],
            "inside": False,
        },
        {
            "quantity": "y = x[0]",
            "published": "shares memory",
            "measured": "same address",
            "band": None,
            "inside": True,
        },
    ]
    assert record["lesson"] == "tensors"
    assert record["seen"] == seen
    assert [trial.keys() for trial in record["to_try"]] == [{"command", "shows"}] * 2
    keys = {"lesson", "impl", "rows", "figures", "seen", "answers", "to_try", "seconds"}
    assert record.keys() == keys
