import pytest
import torch
from torch import nn

from pipeline.lessons import dropout
from pipeline.lessons.dropout import draw_mask
from pipeline.lessons.mlp import mlp
from pipeline.lessons.softmax_regression import cross_entropy


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def dropped(X, rate):
    return dropout.dropper(new())(X, rate)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_drops_units_at_its_rate(rate):
    kept = dropped(torch.full((1000, 1000), 3.0), rate)
    assert kept.mean().item() == pytest.approx(3.0, rel=0.015)
    assert (kept == 0).float().mean().item() == pytest.approx(rate, abs=0.003)
    assert kept.max().item() == pytest.approx(3.0 / (1 - rate))


def test_rate_0_changes_nothing_and_rate_1_drops_everything():
    X = torch.randn(50, 50)
    assert torch.equal(dropped(X, 0.0), X)
    assert torch.equal(dropped(X, 1.0), torch.zeros_like(X))


def test_every_call_draws_another_mask():
    generator = new()
    X = torch.ones(10, 10)
    assert not torch.equal(draw_mask(X, 0.5, generator), draw_mask(X, 0.5, generator))


@pytest.mark.parametrize("build", [dropout.scratch, dropout.with_torch])
def test_in_evaluation_the_net_is_a_plain_perceptron(build):
    loss = cross_entropy
    if build is dropout.with_torch:
        loss = nn.CrossEntropyLoss(reduction="none")
    learner = build((4, 64, 64, 2), (0.2, 0.5), loss=loss, lr=0.1, generator=new())
    for parameter in learner.parameters:
        parameter.data.normal_(generator=new(1))
    X = torch.randn(5, 4, generator=new(2))
    predicted = learner.predict(X)
    assert torch.equal(predicted, learner.predict(X))
    assert not torch.allclose(learner.net(X), learner.net(X))
    params = [p.T if p.dim() == 2 else p for p in learner.parameters]
    plain = mlp(learner.parameters if build is dropout.scratch else params, X)
    assert torch.allclose(predicted, plain, rtol=1e-4, atol=1e-3)


def test_dropout_is_compared_with_a_network_without_it(make_config, few_images):
    outcome = dropout.run(make_config("torch", epochs=2, data=few_images))
    (chart,) = outcome.charts
    assert [line.label for line in chart.lines] == [
        "train, dropout",
        "test, dropout",
        "train, no dropout",
        "test, no dropout",
    ]
    means = [
        each
        for each in outcome.measurements
        if each.quantity.startswith("mean of ones")
    ]
    assert [each.within_tolerance for each in means] == [True, True, True]
