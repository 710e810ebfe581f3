"""Every lesson reproduces the published values, on three seeds."""

import math

import pytest

from pipeline.lessons import LESSONS

WITHOUT_SEED = ("tensors", "vectorization")
CASES = [
    (n, seed) for n in LESSONS for seed in ((0,) if n in WITHOUT_SEED else (0, 1, 2))
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), CASES)
def test_every_measurement_is_within_its_tolerance(
    name, seed, run_by_name, images_folder
):
    results = run_by_name(name, "both", seed=seed, data=images_folder)
    compared = [
        each
        for result in results
        for each in result.measurements
        if each.within_tolerance is not None
    ]
    assert compared
    assert [each for each in compared if not each.within_tolerance] == []
    assert all(result.seen for result in results)


@pytest.mark.slow
def test_no_tolerance_spans_more_than_two_powers_of_ten(run_by_name):
    names = ("linear-regression", "model-selection", "weight-decay")
    for result in (r for name in names for r in run_by_name(name, "torch")):
        for each in result.measurements:
            low, high = each.tolerance or (1, 1)
            assert high == math.inf or low < 0 or high <= 100 * low, each
