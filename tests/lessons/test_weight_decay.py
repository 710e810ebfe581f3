import pytest
import torch
from lesson_results import axes_of, curves_of, measured

from pipeline.lessons import weight_decay

TRAIN = {"scratch": weight_decay.scratch, "torch": weight_decay.with_torch}


def test_the_penalty_s_derivative_is_the_weight():
    w = torch.tensor([[1.0], [-2.0]], requires_grad=True)
    weight_decay.l2_penalty(w).backward()
    assert torch.equal(w.grad, w.detach())


@pytest.mark.parametrize("impl", TRAIN)
def test_weight_decay_shrinks_the_weights_and_lowers_the_test_loss(impl, monkeypatch):
    monkeypatch.setattr(weight_decay, "EPOCHS", 30)
    rows, train = weight_decay.make_rows(), torch.arange(weight_decay.N_TRAIN)
    undecayed, decayed = (
        weight_decay.fit(TRAIN[impl], decay, *rows, train) for decay in (0.0, 3.0)
    )
    assert undecayed.norm > 10
    assert decayed.norm < 5
    assert undecayed.test[-1] > 20 * decayed.test[-1]
    assert undecayed.train[-1] < 1e-6 < decayed.train[-1]


@pytest.mark.parametrize("impl", TRAIN)
def test_every_decay_starts_from_the_same_weights(impl, monkeypatch):
    monkeypatch.setattr(weight_decay, "LR", 0.0)
    X, y = weight_decay.make_rows()
    first, second = (
        next(TRAIN[impl](X[:3], y[:3], decay, torch.Generator().manual_seed(0)))[0]
        for decay in (0.0, 3.0)
    )
    assert torch.equal(first, second)


def test_lambda_is_chosen_by_k_fold_on_the_training_rows_alone(monkeypatch):
    monkeypatch.setattr(weight_decay, "EPOCHS", 5)
    X, y = weight_decay.make_rows()
    changed = y.clone()
    changed[weight_decay.N_TRAIN :] = 1e6  # the test rows
    before, after = (
        weight_decay.kfold_loss(weight_decay.scratch, 3.0, X, targets)
        for targets in (y, changed)
    )
    assert before == after


def test_the_path_marks_the_lowest_validation_loss(run_one):
    result = run_one("weight-decay", "scratch", EPOCHS=5)
    valid, _, _, star = axes_of(result, "path").get_lines()
    decays, losses = valid.get_data()
    ((decay,), (loss,)) = star.get_data()
    assert loss == min(losses)
    assert decays[list(losses).index(loss)] == decay
    assert len(axes_of(result, "losses").get_lines()[0].get_xdata()) == 5
    chosen = measured(result)["λ that K-fold chooses"]
    assert f"{chosen:g}" == decay


def test_the_values_of_lambda_can_be_changed_and_may_diverge(run_one):
    options = {"EPOCHS": 3, "LAMBDAS": (0.0, 3.0, 1e6)}
    result = run_one("weight-decay", "torch", **options)
    curves = curves_of(axes_of(result, "path"))
    assert curves["train"][0] == ["0", "3", "1e+06"]
    assert all(row.inside is None for row in result.rows)
    assert "K-fold chooses λ = 3 " in result.seen[0]


@pytest.mark.parametrize("lambdas", [(3.0,), (0.0,), (0.0, 3.0)])
def test_what_was_seen_names_no_change_between_equal_values(lambdas, run_one):
    result = run_one("weight-decay", "scratch", EPOCHS=1, LAMBDAS=lambdas)
    for decay in lambdas:
        assert f"From λ = {decay:g} to λ = {decay:g}" not in result.seen[0]
