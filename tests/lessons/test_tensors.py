from pipeline.lessons import tensors


def test_every_claim_of_the_seed_holds_when_it_is_run(asked):
    rows = tensors.run(asked("both")).rows
    assert len(rows) == 14
    assert [row for row in rows if not row.inside] == []


def test_every_operation_the_seed_names_is_there(asked):
    said = " ".join(row.quantity for row in tensors.run(asked("both")).rows)
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
        assert name in said


def test_a_claim_shows_the_memory_it_looked_at(asked):
    rows = {row.quantity: row for row in tensors.run(asked("both")).rows}
    old, new = rows["y = x[0]; y += 10"].measured.split(", new at ")
    assert old.endswith(new)
    old, new = rows["y = x + y"].measured.split(", new at ")
    assert not old.endswith(new)


def test_a_claim_that_fails_is_said_to_fail():
    row = tensors._sharing("y = x.clone()", x := tensors.torch.ones(2), x.clone(), True)
    assert row.inside is False


def test_the_picture_shows_new_memory_where_numbers_are_copied_and_none_elsewhere():
    chart = tensors.memory(side=512)
    taken = dict(zip(chart.labels, chart.values, strict=True))
    assert {label for label, own in taken.items() if own} == {
        "x.clone()",
        "x + y",
        "torch.tensor(x.numpy())",
    }
    assert taken["x + y"] == 1  # MB: 512 × 512 numbers of 4 bytes
