import re

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
    assert undecayed.w.norm() > 10
    assert decayed.w.norm() < 5
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
        weight_decay.kfold_losses(3.0, X, targets) for targets in (y, changed)
    )
    assert torch.equal(before, after)


def test_the_path_marks_the_lowest_validation_loss(run_one):
    result = run_one("weight-decay", "scratch", EPOCHS=5)
    valid, _, _, star, *floors = axes_of(result, "path").get_lines()
    decays, losses = valid.get_data()
    ((decay,), (loss,)) = star.get_data()
    assert loss == min(losses)
    assert decays[list(losses).index(loss)] == decay
    assert len(axes_of(result, "losses").get_lines()[0].get_xdata()) == 5
    chosen = measured(result)["λ that K-fold chooses"]
    assert f"{chosen:g}" == decay
    heights = [line.get_ydata()[0] for line in floors]
    assert heights == [
        measured(result)[name]
        for name in (
            "test loss, no penalty, w from 0",
            "test loss, mean of the training targets",
            "expected loss of the noise alone",
        )
    ]


def test_the_values_of_lambda_can_be_changed_and_may_diverge(run_one):
    options = {"EPOCHS": 3, "LAMBDAS": (0.0, 3.0, 1e6)}
    result = run_one("weight-decay", "scratch", **options)
    curves = curves_of(axes_of(result, "path"))
    assert curves["train"][0] == ["0", "3", "1e+06"]
    assert all(row.inside is None for row in result.rows)
    assert "K-fold chooses λ = 3 " in result.seen[0]


@pytest.mark.parametrize("lambdas", [(3.0,), (0.0,), (0.0, 3.0)])
def test_what_was_seen_names_no_lambda_that_was_not_tried(lambdas, run_one):
    result = run_one("weight-decay", "scratch", EPOCHS=1, LAMBDAS=lambdas)
    (seen,) = result.seen
    assert ("With λ = 0 and random initial weights" in seen) == (0.0 in lambdas)
    named = re.search(r"tell it apart from λ = ([^(]+) \(", seen)
    for decay in named[1].split(", ") if named else []:
        assert float(decay) in lambdas


def losses_of(*rows):
    """K-fold losses of λ = 0, 1, …"""
    return {float(decay): torch.tensor(losses) for decay, losses in enumerate(rows)}


def test_lambda_is_not_told_apart_within_two_standard_errors_over_the_rows():
    best = [1.0, 1.0, 1.0, 1.0]
    clear, noisy = [2.0, 2.1, 1.9, 2.0], [0.0, 3.0, 0.5, 1.5]
    difference = torch.tensor(noisy) - 1
    assert difference.mean() < 2 * difference.std() / 2
    valid = losses_of(clear, best, noisy)
    assert weight_decay.best(valid) == 1.0
    assert weight_decay.not_told_apart(valid) == [2.0]


def test_what_was_seen_of_lambda_follows_from_the_losses():
    valid = losses_of([2.0, 2.0], [1.0, 1.0])
    halfway = (0.01 + weight_decay.FLOOR) / 2
    test = {0.0: 70.0, 1.0: halfway}
    seen = " ".join(weight_decay.sentences(valid, test, 0.02, 0.01))
    assert "goes 50% of the way from the mean to the noise" in seen
    assert "With no penalty, w from 0, the test loss is 0.02." in seen
    assert "With λ = 0 and random initial weights it is 70," in seen
    test[1.0] = 0.02
    seen = " ".join(weight_decay.sentences(valid, test, 0.02, 0.01))
    assert "The chosen λ is not better than the mean." in seen


def test_torch_ends_at_the_weights_of_scratch(run_one):
    (seen,) = run_one("weight-decay", "torch", EPOCHS=3).seen
    farthest = float(re.search("differ by (.+) at most", seen)[1])
    assert farthest < 1e-5
