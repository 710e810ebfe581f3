"""Scratch and torch end at the same weights, given the same start and batches."""

from collections import deque
from functools import partial

import pytest
import torch
from torch import nn

from pipeline.lessons import (
    dropout,
    linear_regression,
    mlp,
    softmax_regression,
    weight_decay,
)
from pipeline.lessons.training import SGD, Learner, train

STEPS, BATCH = 20, 16
CROSS_ENTROPY = nn.CrossEntropyLoss(reduction="none")


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def regression(d_in):
    X = torch.randn(STEPS * BATCH, d_in, generator=new(1))
    return X, X.sum(1, keepdim=True) + 1


def classes(d_in):
    X = torch.randn(STEPS * BATCH, d_in, generator=new(1))
    return X, (X[:, :3].argmax(1) + (X[:, 3] > 0)).long()


def assert_equal_after_twenty_steps(scratch, other, X, y):
    start = [parameter.detach().clone() for parameter in scratch.parameters]
    for ours, theirs in zip(scratch.parameters, other.parameters, strict=True):
        theirs.data.copy_(_as_torch(ours))
    for learner in (scratch, other):
        deque(train(learner, X, y, epochs=1, batch_size=BATCH, generator=new(2)), 0)
    for before, ours, theirs in zip(
        start, scratch.parameters, other.parameters, strict=True
    ):
        assert not torch.allclose(before, ours, atol=1e-3)
        assert (_as_torch(ours) - theirs).abs().max() < 1e-5


def _as_torch(parameter):
    """Return the parameter in the shape of nn.Linear, [d_out, d_in]."""
    return parameter.detach().T if parameter.dim() == 2 else parameter.detach()


def test_scratch_linear_regression_equals_torch_after_twenty_steps():
    # MSELoss has no factor ½, so half the learning rate gives the same step.
    scratch = linear_regression.scratch(5, lr=0.1, generator=new())
    other = linear_regression.with_torch(5, lr=0.05, generator=new(9))
    assert_equal_after_twenty_steps(scratch, other, *regression(5))


def test_scratch_softmax_regression_equals_torch_after_twenty_steps():
    scratch = softmax_regression.scratch(6, 4, lr=0.5, generator=new())
    other = softmax_regression.with_torch(6, 4, lr=0.5, generator=new(9))
    assert_equal_after_twenty_steps(scratch, other, *classes(6))


def test_scratch_mlp_equals_torch_after_twenty_steps():
    sizes = (6, 8, 4)
    scratch = mlp.scratch(
        sizes, loss=softmax_regression.cross_entropy, lr=0.5, generator=new()
    )
    other = mlp.with_torch(sizes, loss=CROSS_ENTROPY, lr=0.5, generator=new(9))
    _spread_out(scratch)
    assert_equal_after_twenty_steps(scratch, other, *classes(6))


def test_scratch_weight_decay_equals_torch_after_twenty_steps():
    scratch = weight_decay.scratch(5, decay=3.0, lr=0.01, generator=new())
    other = weight_decay.with_torch(5, decay=3.0, lr=0.01, generator=new(9))
    assert_equal_after_twenty_steps(scratch, other, *regression(5))


def test_weight_decay_is_sgd_s_and_not_adamw_s():
    X, y = regression(5)
    ends = {}
    for name, make in {
        "penalty": partial(torch.optim.Adam, lr=0.01),
        "adam": partial(torch.optim.Adam, lr=0.01, weight_decay=3.0),
        "adamw": partial(torch.optim.AdamW, lr=0.01, weight_decay=3.0),
    }.items():
        decay = 3.0 if name == "penalty" else 0.0
        learner = weight_decay.scratch(5, decay=decay, lr=0.01, generator=new())
        w, b = learner.parameters
        optimizer = make([{"params": [w]}, {"params": [b], "weight_decay": 0.0}])
        learner = Learner(learner.net, learner.loss, optimizer, [w, b])
        deque(train(learner, X, y, epochs=1, batch_size=BATCH, generator=new(2)), 0)
        ends[name] = w.detach()
    assert torch.allclose(ends["penalty"], ends["adam"], atol=1e-5)
    assert not torch.allclose(ends["penalty"], ends["adamw"], atol=1e-2)


def test_scratch_dropout_equals_torch_after_twenty_steps_given_torch_s_masks():
    sizes, rates = (6, 8, 8, 4), (0.2, 0.5)
    X, y = classes(6)
    other = dropout.with_torch(
        sizes, rates, loss=CROSS_ENTROPY, lr=0.5, generator=new(9)
    )
    params = mlp.init_params(sizes, new())

    def torch_s(X, rate):
        mask = nn.functional.dropout(torch.ones_like(X), rate) > 0
        return dropout.dropout(X, rate, mask)

    scratch = Learner(
        reseeding(partial(dropout.net, params, rates, torch_s)),
        softmax_regression.cross_entropy,
        SGD(params, 0.5),
        params,
    )
    _spread_out(scratch)
    other = Learner(reseeding(other.net), other.loss, other.optimizer, other.parameters)
    assert_equal_after_twenty_steps(scratch, other, X, y)


def reseeding(net):
    """Return the net with torch's seed set to 0, 1, 2, … at each call."""
    calls = iter(range(1000))

    def seeded(X):
        torch.manual_seed(next(calls))
        return net(X)

    return seeded


def _spread_out(learner):
    """Draw larger weights: those of N(0, 0.01²) hardly change in twenty steps."""
    for parameter in learner.parameters:
        parameter.data.copy_(torch.randn(parameter.shape, generator=new(5)) * 0.5)


@pytest.mark.parametrize("size", [1.0, 100.0, 1e4])
def test_scratch_cross_entropy_equals_torch_for_scores_of_any_size(size):
    scores = torch.randn(50, 10, generator=new()) * size
    labels = torch.randint(10, (50,), generator=new())
    ours = softmax_regression.cross_entropy(scores, labels)
    theirs = nn.functional.cross_entropy(scores, labels, reduction="none")
    assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-5)
