import pytest
import torch
from lesson_results import measured

from pipeline.lessons import tensors


@pytest.fixture
def result(run_one):
    return run_one("tensors")


def test_every_claim_of_the_original_tutorial_holds(result):
    assert len(result.rows) == 16
    assert [row for row in result.rows if not row.inside] == []


def test_every_operation_of_the_original_tutorial_is_checked(result):
    code = " ".join(row.quantity for row in result.rows)
    for name in (
        "x[0]",
        "x[[0]]",
        "x[x > 0]",
        "x.T",
        ".view(",
        ".clone().view(",
        ".backward()",
        ".item()",
        "[[1, 2]] + [[1], [2], [3]]",
        "y = x + y",
        "y[:] =",
        "y += x",
        "out=y",
        ".numpy()",
        "from_numpy(",
        "torch.tensor(a)",
    ):
        assert name in code


def test_a_claim_says_whether_memory_is_shared_and_what_became_of_the_old_tensor(
    result,
):
    claims = measured(result)
    assert claims["y = x[0]; y += 10"] == "shared, the old one changed"
    assert claims["y = x[[0]]; y += 10"] == "copied, the old one is as before"
    assert result.seen[0].startswith("Of 13 operations 8 share memory and 5 copy.")


def test_a_claim_that_does_not_hold_is_not_within_tolerance():
    x = torch.ones(2)
    assert tensors.check("y = x.clone()", "shared", x, x.clone()).inside is False
    assert tensors.check("y = x", "copied", x, x).inside is False


def test_the_chart_shows_new_memory_for_copies_only():
    allocated = tensors.new_memory(side=512)
    assert {label for label, new in allocated.items() if new} == {
        "x[x > 0]",
        "x.clone()",
        "x + y",
        "torch.tensor(x.numpy())",
    }
    assert allocated["x + y"] == 1  # MB: 512 × 512 numbers of 4 bytes


@pytest.mark.parametrize("code", ["x[0]", "x.T", "x[x > 0]", "x.clone()", "x + y"])
def test_the_new_memory_is_what_torch_s_profiler_measures(code):
    x, y = torch.ones(2, 512, 512)
    with torch.autograd.profiler.profile(profile_memory=True) as profiler:
        eval(code, {"x": x, "y": y})
    events = profiler.kineto_results.events()
    allocated = sum(max(0, e.nbytes()) for e in events if e.name() == "[memory]")
    expected = tensors.new_memory(side=512)[code]
    assert allocated / 2**20 == pytest.approx(expected, abs=1e-3)
