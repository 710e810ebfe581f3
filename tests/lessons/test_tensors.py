from pipeline.lessons import tensors


def test_every_claim_of_the_original_tutorial_holds(make_config):
    claims = tensors.run(make_config("both")).measurements
    assert len(claims) == 14
    assert [each for each in claims if not each.within_tolerance] == []


def test_every_operation_of_the_original_tutorial_is_checked(make_config):
    claims = tensors.run(make_config("both")).measurements
    code = " ".join(each.quantity for each in claims)
    for name in (
        "x[0]",
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


def test_a_claim_shows_the_addresses_it_compared(make_config):
    outcome = tensors.run(make_config("both"))
    claims = {each.quantity: each for each in outcome.measurements}
    old, new = claims["y = x[0]; y += 10"].measured.split(", new at ")
    assert old.endswith(new)
    old, new = claims["y = x + y"].measured.split(", new at ")
    assert not old.endswith(new)


def test_a_claim_that_does_not_hold_is_not_within_tolerance():
    claim = tensors._sharing(
        "y = x.clone()", x := tensors.torch.ones(2), x.clone(), True
    )
    assert claim.within_tolerance is False


def test_the_chart_shows_new_memory_for_copies_only():
    chart = tensors.memory(side=512)
    allocated = dict(zip(chart.labels, chart.values, strict=True))
    assert {label for label, new in allocated.items() if new} == {
        "x.clone()",
        "x + y",
        "torch.tensor(x.numpy())",
    }
    assert allocated["x + y"] == 1  # MB: 512 × 512 numbers of 4 bytes
