import json
import math

import pytest

from pipeline.lessons.result import (
    Claim,
    LessonResult,
    Row,
    around,
    scale_around,
)


@pytest.mark.parametrize(
    ("measured", "inside"), [(0.99, False), (1.0, True), (2.0, True), (2.01, False)]
)
def test_a_row_is_inside_from_end_to_end_of_its_band(measured, inside):
    assert Row("x", "1 to 2", measured, (1.0, 2.0)).inside is inside


def test_a_diverged_value_is_outside():
    assert Row("x", "1", math.nan, (0.0, math.inf)).inside is False


def test_a_row_without_a_band_is_not_judged():
    assert Row("x", "1", 5.0).inside is None


def test_a_band_is_the_published_range_and_three_spreads_more():
    assert around(1.0, 3.0, spread=0.5) == (-0.5, 4.5)
    assert scale_around(1.0, 10.0, decades=1.0) == pytest.approx((1e-3, 1e4))


def test_a_record_is_json_that_any_reader_takes():
    rows = [
        Row("ratio", "24", 30.0, (10.0, math.inf)),
        Row("loss", "1", math.inf, (0.0, 1.0)),
        Claim("y = x[0]", "shares memory", "same address", True),
    ]
    result = LessonResult("tensors", "both", rows, [], 0.5)
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
    assert set(record) == {"lesson", "impl", "rows", "figures", "seconds"}
