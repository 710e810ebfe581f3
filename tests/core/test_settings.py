"""Settings are validated, including those without a command-line option."""

from dataclasses import replace

import pytest

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings

NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "huber_delta": (0.0, -1.0, NAN, float("inf")),
        "price_margin": (-0.1, NAN, float("inf")),
        "rare_share": (0.0, 1.1, NAN),
        "wide_lr_multiplier": (0.0, NAN, float("inf")),
        "adam_betas": ((0.9,), (0.9, 1.0), (-0.1, 0.9), (0.9, NAN)),
        "warm_up": (0.0, 1.1, NAN),
    }.items(),
)
def test_a_value_outside_its_range_is_refused_by_name(name, values):
    for value in values:
        with pytest.raises(UserError, match=name):
            replace(Settings(), **{name: value})


def test_the_ends_of_a_range_are_accepted():
    Settings(price_margin=0.0, rare_share=1.0, warm_up=1.0, adam_betas=(0.0, 0.0))
