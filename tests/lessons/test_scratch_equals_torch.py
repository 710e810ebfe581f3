"""Scratch and torch end at the same weights, given the same start and batches."""

from functools import partial
from typing import NamedTuple

import pytest
import torch
from torch import nn

from pipeline.lessons import dropout, mlp, softmax_regression, weight_decay
from pipeline.lessons.linear_regression import linear, minibatches, sgd, squared_loss
from pipeline.lessons.mlp import init_params

STEPS, BATCH = 20, 16


class Learner(NamedTuple):
    """A network, its parameters, its loss, and a function that updates it."""

    net: object
    params: list
    loss: object
    step: object


def from_scratch(net, params, loss, lr):
    return Learner(net, [*params], loss, partial(sgd, params, lr))


def with_torch(module, loss, lr, groups=None):
    optimizer = torch.optim.SGD(groups or module.parameters(), lr)

    def step():
        optimizer.step()
        optimizer.zero_grad()

    return Learner(module, [*module.parameters()], loss, step)


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def regression(d_in):
    X = torch.randn(STEPS * BATCH, d_in, generator=new(1))
    return X, X.sum(1, keepdim=True) + 1


def classes(d_in):
    X = torch.randn(STEPS * BATCH, d_in, generator=new(1))
    return X, (X[:, :3].argmax(1) + (X[:, 3] > 0)).long()


def train(learner, X, y):
    for rows, targets in minibatches(X, y, BATCH, new(2)):
        learner.loss(learner.net(rows), targets).mean().backward()
        learner.step()


def assert_equal_after_twenty_steps(scratch, other, X, y):
    start = [parameter.detach().clone() for parameter in scratch.params]
    for ours, theirs in zip(scratch.params, other.params, strict=True):
        theirs.data.copy_(_as_torch(ours))
    for learner in (scratch, other):
        train(learner, X, y)
    for before, ours, theirs in zip(start, scratch.params, other.params, strict=True):
        assert not torch.allclose(before, ours, atol=1e-3)
        assert (_as_torch(ours) - theirs).abs().max() < 1e-5


def _as_torch(parameter):
    """Return the parameter in the shape of nn.Linear, [d_out, d_in]."""
    return parameter.detach().T if parameter.dim() == 2 else parameter.detach()


def spread_out(params):
    """Draw larger weights: those of N(0, 0.01²) hardly change in twenty steps."""
    for parameter in params:
        parameter.data.copy_(torch.randn(parameter.shape, generator=new(5)) * 0.5)


def test_scratch_linear_regression_equals_torch_after_twenty_steps():
    # MSELoss has no factor ½, so half the learning rate gives the same step.
    params = init_params((5, 1), new())
    scratch = from_scratch(partial(linear, params), params, squared_loss, 0.1)
    other = with_torch(nn.Linear(5, 1), nn.MSELoss(), 0.05)
    assert_equal_after_twenty_steps(scratch, other, *regression(5))


def test_scratch_softmax_regression_equals_torch_after_twenty_steps():
    params, loss = init_params((6, 4), new()), softmax_regression.cross_entropy
    scratch = from_scratch(partial(linear, params), params, loss, 0.5)
    other = with_torch(nn.Linear(6, 4), nn.CrossEntropyLoss(), 0.5)
    assert_equal_after_twenty_steps(scratch, other, *classes(6))


def test_scratch_mlp_equals_torch_after_twenty_steps():
    params, loss = init_params((6, 8, 4), new()), softmax_regression.cross_entropy
    spread_out(params)
    scratch = from_scratch(partial(mlp.mlp, params), params, loss, 0.5)
    other = with_torch(mlp.torch_mlp((6, 8, 4), new(9)), nn.CrossEntropyLoss(), 0.5)
    assert_equal_after_twenty_steps(scratch, other, *classes(6))


def test_scratch_weight_decay_equals_torch_from_the_same_start(monkeypatch):
    monkeypatch.setattr(weight_decay, "EPOCHS", 1)
    X, y = regression(5)
    (w, b), (theirs, their_b) = (
        next(train(X[:STEPS], y[:STEPS], 3.0, new()))
        for train in (weight_decay.scratch, weight_decay.with_torch)
    )
    assert (w - theirs).abs().max() < 1e-5
    assert (b - their_b).abs().max() < 1e-5
    plain = next(weight_decay.scratch(X[:STEPS], y[:STEPS], 0.0, new()))[0]
    assert not torch.allclose(w, plain, atol=1e-2)


def test_weight_decay_is_sgd_s_and_not_adamw_s():
    X, y = regression(5)
    ends = {}
    for name, make in {
        "penalty": partial(torch.optim.Adam, lr=0.01),
        "adam": partial(torch.optim.Adam, lr=0.01, weight_decay=3.0),
        "adamw": partial(torch.optim.AdamW, lr=0.01, weight_decay=3.0),
    }.items():
        decay = 3.0 if name == "penalty" else 0.0
        w, b = init_params((5, 1), new())
        optimizer = make([{"params": [w]}, {"params": [b], "weight_decay": 0.0}])
        for rows, targets in minibatches(X, y, BATCH, new(2)):
            optimizer.zero_grad()
            losses = weight_decay.squared_loss(rows @ w + b, targets)
            (losses + decay * weight_decay.l2_penalty(w)).mean().backward()
            optimizer.step()
        ends[name] = w.detach()
    assert torch.allclose(ends["penalty"], ends["adam"], atol=1e-5)
    assert not torch.allclose(ends["penalty"], ends["adamw"], atol=1e-2)


def test_scratch_dropout_equals_torch_after_twenty_steps_given_torch_s_masks(
    monkeypatch,
):
    def torch_s(X, rate, _):
        return nn.functional.dropout(torch.ones_like(X), rate) > 0

    monkeypatch.setattr(dropout, "draw_mask", torch_s)
    sizes, rates, loss = (6, 8, 8, 4), (0.2, 0.5), nn.CrossEntropyLoss()
    net, other = (
        build(sizes, rates, new()) for build in (dropout.DropoutMLP, dropout.torch_net)
    )
    spread_out(net.parameters())
    params = [*net.parameters()]
    scratch = from_scratch(reseeding(net), params, loss, 0.5)
    learner = with_torch(other, loss, 0.5)._replace(net=reseeding(other))
    assert_equal_after_twenty_steps(scratch, learner, *classes(6))


def reseeding(net):
    """Return the net with torch's seed set to 0, 1, 2, … at each call."""
    calls = iter(range(1000))

    def seeded(X):
        torch.manual_seed(next(calls))
        return net(X)

    return seeded


@pytest.mark.parametrize("size", [1.0, 100.0, 1e4])
def test_scratch_cross_entropy_equals_torch_for_scores_of_any_size(size):
    scores = torch.randn(50, 10, generator=new()) * size
    labels = torch.randint(10, (50,), generator=new())
    ours = softmax_regression.cross_entropy(scores, labels)
    theirs = nn.functional.cross_entropy(scores, labels, reduction="none")
    assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-5)
