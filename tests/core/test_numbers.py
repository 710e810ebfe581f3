"""Numbers as text."""

import math

import numpy as np
import pytest

from pipeline.core import numbers


@pytest.mark.parametrize(
    ("label", "value", "text"),
    [
        (numbers.percent_text, np.log(2), "+100%"),
        (numbers.percent_text, np.log(0.75), "−25%"),
        (numbers.percent_text, -0.001, "0%"),
        (numbers.target_tick, 50_000, "50k"),
        (numbers.target_tick, 500, "500"),
        (numbers.target_tick, -2_500_000, "−2.5M"),
        (numbers.short_tick, 0.05, ".05"),
        (numbers.short_tick, -0.05, "-.05"),
        (numbers.short_tick, 0.0, "0"),
        (numbers.short_tick, 10.0, "10"),
    ],
)
def test_labels_are_short(label, value, text):
    assert label(value) == text


def test_seconds_are_shown_in_the_unit_that_fits():
    shown = [numbers.duration_text(seconds) for seconds in (0.4, 99, 100, 5400, 7200)]
    assert shown == ["0 s", "99 s", "2 min", "90 min", "2 h"]


def test_a_fold_that_diverged_is_the_worst_of_many_and_has_no_score():
    scores = [0.1 + n / 100 for n in range(11)] + [math.nan]
    assert numbers.fold_texts(scores) == ["0.1000", "0.1600", "diverged"]
    assert numbers.score_text(math.nan) == numbers.mean_text(math.nan, 0.1) == "–"


def test_a_difference_has_its_sign_and_its_standard_error():
    assert numbers.difference_text(-0.00172, 0.0014) == "−0.0017 ± 0.0014"
    assert numbers.difference_text(0.00172, None) == "+0.0017"
