import pytest
import torch

from pipeline.lessons.training import init_params, minibatches


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def test_init_params_give_each_layer_small_weights_and_zero_biases():
    params = init_params((784, 256, 10), new())
    assert [list(p.shape) for p in params] == [[784, 256], [256], [256, 10], [10]]
    assert params[0].std().item() == pytest.approx(0.01, rel=0.01)
    assert params[1].abs().max() == params[3].abs().max() == 0
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in params)


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
