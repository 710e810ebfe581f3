import pytest
import torch

from pipeline.lessons import weight_decay


def test_the_penalty_s_derivative_is_the_weight():
    w = torch.tensor([[1.0], [-2.0]], requires_grad=True)
    weight_decay.l2_penalty(w).backward()
    assert torch.equal(w.grad, w.detach())


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_weight_decay_shrinks_the_weights_and_lowers_the_test_loss(impl, make_config):
    config = make_config(impl, epochs=30)
    undecayed, decayed = (weight_decay.fit(config, decay) for decay in (0.0, 3.0))
    assert undecayed.norm > 10
    assert decayed.norm < 5
    assert undecayed.test[-1] > 20 * decayed.test[-1]
    assert undecayed.train[-1] < 1e-6 < decayed.train[-1]


def test_every_decay_starts_from_the_same_weights(make_config):
    build = weight_decay.with_torch
    first, second = (
        build(200, decay=decay, lr=0.003, generator=make_config("torch").generator())
        for decay in (0.0, 3.0)
    )
    assert torch.equal(first.parameters[0], second.parameters[0])


def test_the_path_marks_its_lowest_test_loss(make_config):
    outcome = weight_decay.run(make_config("scratch", epochs=5))
    losses, path = outcome.charts
    test = path.lines[1]
    assert path.mark.y == min(test.y)
    assert path.mark.x == test.x[test.y.index(min(test.y))]
    assert len(losses.lines[0].y) == 5
