"""Settings are validated, and some follow from the rows."""

from dataclasses import replace

import pytest

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings

NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "lr": (0.0, NAN, float("inf")),
        "dropout": (-0.1, 1.0, NAN),
        "lambdas": ((-1.0,), (NAN,), (1.0, 1.0)),
        "models": ((), ("mlp", "mlp"), ("forest",)),
    }.items(),
)
def test_a_value_outside_its_range_is_refused_by_name(name, values):
    for value in values:
        with pytest.raises(UserError, match=name.removesuffix("s")):
            replace(Settings(), **{name: value})


@pytest.mark.parametrize(
    ("rows", "steps", "hidden"),
    [
        (1, 400, (64,)),
        (213, 400, (64,)),
        (1168, 1170, (64,)),
        (3000, 3013, (256, 128)),
        (12_800, 4000, (256, 128)),
        (10**6, 4000, (256, 128)),
    ],
)
def test_steps_and_width_follow_from_the_rows(rows, steps, hidden):
    found = Settings().for_rows(rows)
    assert (found.steps, found.hidden) == (steps, hidden)
    assert found.dropout == (0.2 if len(hidden) == 1 else 0)
    assert found.batch_size >= 128
    assert found.batches <= 100
    assert found.epochs >= 40  # so often each row is read
    assert found.for_rows(rows) == found


def test_what_is_given_stays_whatever_the_rows_are():
    given = {"epochs": 3, "hidden": (5, 4), "dropout": 0.0, "batch_size": 1}
    found = Settings(**given).for_rows(10**6)
    assert {name: getattr(found, name) for name in given} == given
    assert found.steps == 3 * 10**6


def test_with_other_batches_there_are_as_many_steps():
    assert Settings(batch_size=64).for_rows(1168).steps == 1170
    assert Settings(batch_size=10**9).for_rows(1168).steps == 1168
