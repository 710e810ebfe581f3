"""Every lesson against what the book and the seed published, on three seeds."""

import pytest

from pipeline.core.paths import Project
from pipeline.lessons import LESSONS, run_lesson, weight_decay

SEEDLESS = ("tensors", "vectorization")
CASES = [(n, seed) for n in LESSONS for seed in ((0,) if n in SEEDLESS else (0, 1, 2))]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), CASES)
def test_every_figure_lies_inside_its_published_band(
    name, seed, root, clothes_folder, monkeypatch
):
    monkeypatch.setattr(weight_decay, "PATH", (0.0, 3.0))  # no more is judged
    results = run_lesson(
        name,
        "both",
        seed=seed,
        epochs=None,
        data=clothes_folder,
        project=Project(root),
    )
    judged = [
        row for result in results for row in result.rows if row.inside is not None
    ]
    assert judged
    assert [row for row in judged if not row.inside] == []
