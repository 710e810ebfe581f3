"""Every lesson reproduces the published values, on three seeds."""

import pytest

from pipeline.core.paths import Project
from pipeline.lessons import LESSONS, weight_decay
from pipeline.lessons.runner import run_lesson

WITHOUT_SEED = ("tensors", "vectorization")
CASES = [
    (n, seed) for n in LESSONS for seed in ((0,) if n in WITHOUT_SEED else (0, 1, 2))
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), CASES)
def test_every_measurement_is_within_its_tolerance(
    name, seed, root, images_folder, monkeypatch
):
    monkeypatch.setattr(
        weight_decay, "PATH", (0.0, 3.0)
    )  # the others have no published values
    results = run_lesson(
        name,
        "both",
        seed=seed,
        epochs=None,
        data=images_folder,
        project=Project(root),
    )
    compared = [
        each
        for result in results
        for each in result.measurements
        if each.within_tolerance is not None
    ]
    assert compared
    assert [each for each in compared if not each.within_tolerance] == []
