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
    rows = weight_decay.make_rows(config)
    undecayed, decayed = (
        weight_decay.fit(config, decay, *rows) for decay in (0.0, 3.0)
    )
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


def test_lambda_is_chosen_by_k_fold_on_the_training_rows_alone(make_config):
    config = make_config("scratch", epochs=5)
    X, y = weight_decay.make_rows(config)
    changed = y.clone()
    changed[weight_decay.N_TRAIN :] = 1e6  # the test rows
    before, after = (
        weight_decay.kfold_loss(config, 3.0, X, each) for each in (y, changed)
    )
    assert before == after


def test_the_path_marks_the_lowest_validation_loss(make_config):
    outcome = weight_decay.run(make_config("scratch", epochs=5))
    losses, path = outcome.charts
    valid = path.lines[0]
    assert path.mark.y == min(valid.y)
    assert path.mark.x == valid.x[valid.y.index(min(valid.y))]
    assert len(losses.lines[0].y) == 5
    (chosen,) = [
        each for each in outcome.measurements if each.quantity.startswith("λ that")
    ]
    assert chosen.measured == path.mark.x


def test_the_values_of_lambda_can_be_changed_and_may_diverge(make_config):
    config = make_config("torch", epochs=3, weight_decays=(0.0, 3.0, 1e6))
    outcome = weight_decay.run(config)
    assert outcome.charts[1].lines[0].x == [3.0, 1e6]
    assert all(each.within_tolerance is None for each in outcome.measurements)
    assert "K-fold chooses λ = 3 " in outcome.seen[0]
