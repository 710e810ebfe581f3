import pytest
import torch
from torch import nn

from pipeline.core.errors import UserError
from pipeline.lessons import dropout, overfitting
from pipeline.lessons.dropout import draw_mask
from pipeline.lessons.mlp import mlp
from pipeline.lessons.overfitting import LongFit
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
    labels = [
        "train, dropout",
        "test, dropout",
        "train, no dropout",
        "test, no dropout",
    ]
    for chart in outcome.charts:
        assert [line.label for line in chart.lines] == labels
    means = [
        each
        for each in outcome.measurements
        if each.quantity.startswith("mean of ones")
    ]
    assert [each.within_tolerance for each in means] == [True, True, True]


def test_what_is_said_of_dropout_follows_from_the_losses():
    high, low = ([0.7] * 3 + [x] for x in (1.4, 1.2))
    fits = {
        "dropout": LongFit([1, 2, 3, 4], low, low, [0.8] * 4),
        "no dropout": LongFit([1, 2, 3, 4], high, high, [0.7] * 4),
    }
    (seen,) = overfitting.seen(fits)
    assert "falls to 0.70 and rises to 1.40" in seen
    assert "dropout pays here" in seen
    (seen,) = overfitting.seen(dict(zip(fits, reversed(fits.values()), strict=True)))
    assert "dropout does not pay here" in seen


@pytest.mark.parametrize("hidden", [(9,), (9, 9, 9)])
def test_any_number_of_hidden_layers_has_rates(hidden, make_config):
    networks = dropout.networks(make_config("torch", hidden=hidden))
    assert [len(build.keywords["rates"]) for build in networks.values()] == [
        len(hidden)
    ] * 2


def test_each_hidden_layer_needs_a_rate(make_config, few_images):
    with pytest.raises(UserError, match="--rate: 1 for 2 hidden layers"):
        dropout.run(make_config("torch", data=few_images, rates=(0.5,)))
    config = make_config("torch", data=few_images, epochs=1, rates=(0.5,), hidden=(9,))
    assert dropout.run(config).seen
