"""Settings are validated, including those without a command-line option."""

from dataclasses import replace

import pytest

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings

NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "margin_quantile": (0.0, 1.1, NAN),
        "rare_share": (0.0, 0.6, NAN),
        "adam_betas": ((0.9,), (0.9, 1.0), (-0.1, 0.9), (0.9, NAN)),
        "warm_up": (0.0, 1.1, NAN),
        "trees": (0,),
        "tree_lr": (0.0, NAN),
        "tree_depth": (0,),
        "tree_columns": (0.0, 1.1),
        "tree_borders": (0,),
        "models": ((), ("mlp", "mlp"), ("forest",)),
    }.items(),
)
def test_a_value_outside_its_range_is_refused_by_name(name, values):
    for value in values:
        with pytest.raises(UserError, match=name.removesuffix("s")):
            replace(Settings(), **{name: value})


def test_the_ends_of_a_range_are_accepted():
    Settings(margin_quantile=1.0, rare_share=0.5, warm_up=1.0, adam_betas=(0.0, 0.0))
