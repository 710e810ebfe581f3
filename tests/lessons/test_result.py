import json
import math

import pytest

from pipeline.lessons import LESSONS
from pipeline.lessons.result import (
    Claim,
    LessonResult,
    Measurement,
    around,
    scale_around,
)


@pytest.mark.parametrize(
    ("measured", "within"), [(0.99, False), (1.0, True), (2.0, True), (2.01, False)]
)
def test_the_ends_of_a_tolerance_are_within_it(measured, within):
    assert Measurement("x", "1 to 2", measured, (1.0, 2.0)).within_tolerance is within


def test_a_diverged_value_is_not_within_tolerance():
    assert Measurement("x", "1", math.nan, (0.0, math.inf)).within_tolerance is False


def test_a_measurement_may_have_no_tolerance():
    assert Measurement("x", "1", 5.0).within_tolerance is None


def test_a_tolerance_is_the_published_range_and_three_standard_deviations():
    assert around(1.0, 3.0, spread=0.5) == (-0.5, 4.5)
    assert scale_around(1.0, 10.0, decades=1.0) == pytest.approx((1e-3, 1e4))


def test_a_record_is_strict_json():
    measurements = [
        Measurement("ratio", "24", 30.0, (10.0, math.inf)),
        Measurement("loss", "1", math.inf, (0.0, 1.0)),
        Claim("y = x[0]", "shares memory", "same address", True),
    ]
    seen = ["one sentence"]
    result = LessonResult(LESSONS["tensors"], "both", measurements, [], seen, 0.5)
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
    assert [each.keys() for each in record["to_try"]] == [{"command", "shows"}] * 2
    keys = {"lesson", "impl", "rows", "figures", "seen", "to_try", "seconds"}
    assert record.keys() == keys
