import pytest
import torch
from lesson_results import axes_of, curves_of, measured

from pipeline.core.errors import UserError
from pipeline.lessons import dropout
from pipeline.lessons.dropout import DropoutMLP, draw_mask, torch_net, verdict
from pipeline.lessons.mlp import mlp


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def dropped(X, rate):
    return dropout.dropout(X, rate, draw_mask(X, rate, new()))


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


@pytest.mark.parametrize("build", [DropoutMLP, torch_net])
def test_in_evaluation_the_net_is_a_plain_perceptron(build):
    net = build((4, 64, 64, 2), (0.2, 0.5), new())
    for parameter in net.parameters():
        parameter.data.normal_(generator=new(1))
    X = torch.randn(5, 4, generator=new(2))
    assert not torch.allclose(net(X), net(X))
    net.eval()
    assert torch.equal(net(X), net(X))
    params = [*net.parameters()]
    if build is torch_net:
        params = [p.T if p.dim() == 2 else p for p in params]
    assert torch.allclose(net(X), mlp(params, X), rtol=1e-4, atol=1e-3)


def test_dropout_is_compared_with_a_network_without_it(run_one, few_images):
    result = run_one("dropout", "scratch", EPOCHS=2, LONGER=2, DATA=few_images)
    assert curves_of(axes_of(result, "accuracy")).keys() == {
        "train, measured",
        "train, section 3.13",
        "test, measured",
        "test, section 3.13",
    }
    lines = axes_of(result, "overfitting").get_lines()
    assert len(lines) == 6  # three seeds of each
    losses = [list(line.get_ydata()) for line in lines]
    found = measured(result)
    for number, name in enumerate(("dropout", "no dropout")):
        late = [sum(each) / 4 for each in losses[3 * number : 3 * number + 3]]
        expected = pytest.approx(sum(late) / 3)
        assert found[f"1,000 images, {name}: test loss"] == expected
    means = [row for row in result.rows if row.quantity.startswith("mean of ones")]
    assert [row.inside for row in means] == [True, True, True]


def runs(*ends):
    """Runs of a measured epoch and ten last epochs, for each (loss, accuracy)."""
    return [
        {"test loss": [0.5] + [loss] * 10, "test accuracy": [0.1] + [share] * 10}
        for loss, share in ends
    ]


def test_dropout_pays_only_if_every_seed_is_better_with_it():
    without = runs((1.4, 0.7), (1.2, 0.7))
    seen = " ".join(verdict(runs((1.1, 0.75), (1.1, 0.75)), without))
    assert "changes the test loss by -0.200 ± 0.141 (mean and standard dev" in seen
    assert "changes the test accuracy by +0.050 ± 0.000 (mean and" in seen
    assert seen.count("It is better with dropout for 2 of 2 seeds.") == 2
    assert "pays here for every seed, in the test loss and the test accuracy." in seen

    seen = " ".join(verdict(runs((1.1, 0.75), (1.1, 0.65)), without))
    assert "It is better with dropout for 1 of 2 seeds." in seen
    assert "pays here for every seed, in the test loss." in seen

    seen = " ".join(verdict(without, without))
    assert "So these seeds do not show that dropout pays here." in seen


@pytest.mark.parametrize("hidden", [(9,), (9, 9, 9)])
def test_any_number_of_hidden_layers_has_rates(hidden, monkeypatch):
    monkeypatch.setattr(dropout, "RATES", (0.2, 0.5))
    monkeypatch.setattr(dropout, "HIDDEN", hidden)
    assert dropout.hidden_rates() == (0.2, 0.5, 0.5)[: len(hidden)]


def test_each_hidden_layer_needs_a_rate(run_one, few_images):
    with pytest.raises(UserError, match="--rate: 1 for 2 hidden layers"):
        run_one("dropout", "torch", DATA=few_images, RATES=(0.5,))
    options = {"EPOCHS": 1, "LONGER": 1, "RATES": (0.5,), "HIDDEN": (9,)}
    result = run_one("dropout", "torch", DATA=few_images, **options)
    assert result.seen
    assert "train accuracy per epoch, section 3.13" in measured(result)
