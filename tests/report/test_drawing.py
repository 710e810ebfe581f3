"""Scales and drawings."""

import numpy as np
import pytest

from pipeline.report.drawing import Drawing, Scale


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1872, 2010], [1900, 1950, 2000]),
        ([0.0961, 0.1213], [0.1, 0.105, 0.11, 0.115, 0.12]),
        ([0, 40], [0, 10, 20, 30, 40]),
        ([-3, 3], [-3, -2, -1, 0, 1, 2, 3]),
        ([0, np.nan, np.inf, 1], [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_ticks_are_round_and_within(values, ticks):
    scale = Scale.linear(values, 0, 100, str)
    assert scale.ticks == pytest.approx(ticks)


def test_ticks_of_a_log_scale_are_1_2_and_5():
    scale = Scale.logarithmic([34_900, 755_000, 0], 0, 100, str)
    assert scale.ticks == [50_000, 100_000, 200_000, 500_000]
    middle = np.sqrt(34_900 * 755_000)
    np.testing.assert_allclose(scale([34_900, middle, 755_000]), [0, 50, 100])


def test_a_scale_may_run_upwards_and_ends_at_its_ends():
    scale = Scale.linear([10, 20], 200, 100, str)
    np.testing.assert_allclose(scale([10, 15, 20, 99]), [200, 150, 100, 100])


@pytest.mark.parametrize("values", [[5, 5], [0], [], [np.nan]])
def test_a_scale_of_one_value_or_none_still_has_a_length(values):
    for make in (Scale.linear, Scale.logarithmic):
        assert np.isfinite(make(values, 0, 1, str)(5))


def test_a_drawing_leaves_out_what_is_not_finite_and_what_is_hidden():
    drawing = Drawing("", "", 10, 10)
    drawing.dots("house", [1, 1, 2, np.nan], [1.04, 0.96, np.inf, 3])
    drawing.line("line", [0, 1.25], 2)
    drawing.line("line", [], [])
    assert [path.d for path in drawing.paths] == ["M1 1h0", "M0 2L1.2 2"]
