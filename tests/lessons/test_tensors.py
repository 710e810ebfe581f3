import torch

from pipeline.lessons import tensor_memory, tensors


def test_every_claim_of_the_original_tutorial_holds(make_config):
    claims = tensors.run(make_config("both")).measurements
    assert len(claims) == 16
    assert [each for each in claims if not each.within_tolerance] == []


def test_every_operation_of_the_original_tutorial_is_checked(make_config):
    claims = tensors.run(make_config("both")).measurements
    code = " ".join(each.quantity for each in claims)
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
    make_config,
):
    outcome = tensors.run(make_config("both"))
    claims = {each.quantity: each.measured for each in outcome.measurements}
    assert claims["y = x[0]; y += 10"] == "shared, the old one changed"
    assert claims["y = x[[0]]; y += 10"] == "copied, the old one is as before"
    assert outcome.seen[0] == "Of 13 operations 8 share memory and 5 copy."


def test_a_claim_that_does_not_hold_is_not_within_tolerance():
    x = torch.ones(2)
    claim = tensors._sharing("y = x.clone()", x, x.clone(), changed=True)
    assert claim.within_tolerance is False


def test_the_chart_shows_new_memory_for_copies_only():
    chart = tensor_memory.memory(side=512)
    allocated = dict(zip(chart.labels, chart.values, strict=True))
    assert {label for label, new in allocated.items() if new} == {
        "x[x > 0]",
        "x.clone()",
        "x + y",
        "torch.tensor(x.numpy())",
    }
    assert allocated["x + y"] == 1  # MB: 512 × 512 numbers of 4 bytes
    assert {*chart.texts} == {"none: shared", "1 MB, a copy"}
