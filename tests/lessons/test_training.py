from collections import deque

import pytest
import torch

from pipeline.lessons.linear_regression import scratch
from pipeline.lessons.training import SGD, minibatches, train


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def test_minibatches_yield_every_row_once_with_its_target():
    X = torch.arange(10.0).view(-1, 1)
    batches = list(minibatches(X, X * 2, 4, new()))
    assert [len(rows) for rows, _ in batches] == [4, 4, 2]
    assert torch.cat([rows for rows, _ in batches]).sort(0).values.equal(X)
    assert all(torch.equal(targets, rows * 2) for rows, targets in batches)


def test_two_epochs_have_different_orders():
    X = torch.arange(100.0).view(-1, 1)
    generator = new()
    first, second = (
        torch.cat([rows for rows, _ in minibatches(X, X, 10, generator)])
        for _ in range(2)
    )
    assert not torch.equal(first, second)


def test_sgd_steps_like_torch_s():
    ours = [torch.ones(3, requires_grad=True)]
    theirs = [torch.ones(3, requires_grad=True)]
    for parameters, optimizer in (
        (ours, SGD(ours, 0.1)),
        (theirs, torch.optim.SGD(theirs, 0.1)),
    ):
        for _ in range(5):
            optimizer.zero_grad()
            (parameters[0] ** 3).sum().backward()
            optimizer.step()
    assert torch.allclose(ours[0], theirs[0])
    assert ours[0][0] < 0.8


def test_training_yields_the_predictions_made_before_each_step():
    learner = scratch(2, lr=0.1, generator=new())
    X = torch.randn(8, 2, generator=new(1))
    y = X.sum(1, keepdim=True)
    before = learner.predict(X)
    epoch = next(train(learner, X, y, epochs=1, batch_size=8, generator=new(2)))
    order = torch.randperm(8, generator=new(2))
    assert torch.equal(epoch.predicted, before[order])
    assert torch.equal(epoch.actual, y[order])
    assert not torch.allclose(learner.predict(X), before)


def test_training_continues_only_when_the_caller_asks_for_the_next_epoch():
    learner = scratch(2, lr=0.1, generator=new())
    X = torch.randn(8, 2, generator=new(1))
    epochs = train(learner, X, X[:, :1], epochs=3, batch_size=4, generator=new())
    assert next(epochs).number == 1
    held = learner.parameters[0].detach().clone()
    assert torch.equal(learner.parameters[0], held)
    assert deque(epochs, maxlen=1)[0].number == 3
    assert not torch.equal(learner.parameters[0], held)


def test_predicting_builds_no_graph():
    learner = scratch(2, lr=0.1, generator=new())
    assert not learner.predict(torch.ones(1, 2)).requires_grad


@pytest.mark.parametrize("batch_size", [3, 10])
def test_a_short_last_batch_is_averaged_over_its_own_rows(batch_size):
    # Ten equal rows: batches of three and one, or one of ten, have the same gradient.
    X, y = torch.ones(10, 1), torch.ones(10, 1)
    learner = scratch(1, lr=0.1, generator=new())
    start = learner.predict(X[:1]).item()
    deque(train(learner, X, y, epochs=1, batch_size=batch_size, generator=new()), 0)
    steps = -(-10 // batch_size)
    # Each step changes w and b equally, so the error is multiplied by 1 - 2 lr.
    expected = 1 - (1 - start) * 0.8**steps
    assert learner.predict(X[:1]).item() == pytest.approx(expected, rel=1e-5)
