"""A model is advised in place of the blend only if it is better beyond chance."""

from dataclasses import replace

import pytest

from pipeline.analysis.advice import advise, better_alone
from pipeline.analysis.facts import read_facts
from pipeline.runs.store import find_run


@pytest.fixture
def blend(blended):
    """A blend of the MLP and boosting."""
    return find_run(blended)


def with_differences(run, **differences):
    """The run with other differences of its models to the blend, ± 0.001 each."""
    scores = [
        replace(each, difference=differences[each.model], difference_error=0.001)
        if each in run.members
        else each
        for each in run.scores
    ]
    return replace(run, scores=scores)


@pytest.mark.parametrize(
    ("mlp", "boosting", "expected"),
    [
        (0.01, -0.0021, "boosting"),
        (-0.0021, 0.01, "mlp"),
        (0.01, -0.0019, None),
        (0.01, 0.01, None),
    ],
)
def test_a_model_is_better_alone_beyond_two_standard_errors(
    blend, mlp, boosting, expected
):
    found = better_alone(with_differences(blend, mlp=mlp, boosting=boosting))
    assert (found and found.text.split()[0]) == expected


def test_the_command_trains_that_model_with_the_other_settings_of_the_run(blend):
    run = with_differences(blend, mlp=0.01, boosting=-0.01)
    command = better_alone(run).command
    assert command.startswith("pipeline train ")
    assert "--model boosting" in command
    assert f"--epochs {run.settings.epochs}" in command


def test_the_page_advises_it(blend, blended):
    facts = read_facts(blended, blend)
    run = with_differences(blend, mlp=0.01, boosting=-0.01)
    texts = [each.text for each in advise(facts._replace(run=run))]
    assert "boosting alone is better than the weighted blend:" in texts
