import pytest
import torch

from pipeline.lessons import weight_decay


def test_the_penalty_s_derivative_is_the_weight():
    w = torch.tensor([[1.0], [-2.0]], requires_grad=True)
    weight_decay.l2_penalty(w).backward()
    assert torch.equal(w.grad, w.detach())


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_decay_shortens_the_weights_and_helps_on_rows_not_seen(impl, asked):
    setting = asked(impl, epochs=30)
    free, decayed = (weight_decay.fitted(setting, decay) for decay in (0.0, 3.0))
    assert free.norm > 10
    assert decayed.norm < 5
    assert free.test[-1] > 20 * decayed.test[-1]
    assert free.train[-1] < 1e-6 < decayed.train[-1]


def test_every_decay_starts_from_the_same_weights_on_the_same_rows(asked):
    build = weight_decay.with_torch
    first, second = (
        build(200, decay=decay, lr=0.003, generator=asked("torch").generator())
        for decay in (0.0, 3.0)
    )
    assert torch.equal(first.parameters[0], second.parameters[0])


def test_the_path_marks_its_least_test_loss(asked):
    outcome = weight_decay.run(asked("scratch", epochs=5))
    losses, path = outcome.charts
    test = path.lines[1]
    assert path.mark.y == min(test.y)
    assert path.mark.x == test.x[test.y.index(min(test.y))]
    assert len(losses.lines[0].y) == 5
