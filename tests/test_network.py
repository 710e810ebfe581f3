"""A stack of M networks is M networks: torch's own modules are the judge."""

import copy

import pytest
import torch
from torch import nn

from pipeline.network import StackedMLP
from pipeline.train import (
    BETAS,
    WIDE_PACE,
    Recipe,
    Rows,
    huber,
    predict,
    schedule,
    train_stack,
)

SEEDS, DECAYS = [11, 12, 13], torch.tensor([0.0, 0.5, 3.0])
D_IN, HIDDEN, ROWS = 7, (6, 5), 50
BENDS = torch.tensor([0.5, 1.0, 2.0])


def new_stack(seeds=SEEDS, dropout=0.0):
    return StackedMLP(seeds=seeds, d_in=D_IN, hidden=HIDDEN, dropout=dropout)


def data(members, lengths=None):
    """Rows of one shared table: of each member all, or its first `lengths`."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(1, ROWS, D_IN, generator=generator)
    targets = torch.randn(1, ROWS, generator=generator)
    rows = [torch.arange(n) for n in lengths or [ROWS] * members]
    return Rows(inputs, targets, torch.zeros(members, dtype=torch.long), rows)


def train(stack, rows, decays, bends, epochs=3, batches=6):
    recipe = Recipe(
        weight_decay=decays, bend=bends, epochs=epochs, lr=0.01, batches=batches
    )
    return list(train_stack(stack, rows, rows, recipe))


class Single(nn.Module):
    """The member of a stack as torch's own layers."""

    def __init__(self, stack, member):
        super().__init__()
        layers = []
        for weight, bias in zip(stack.weights, stack.biases, strict=True):
            layers += [linear(weight[member], bias[member]), nn.SiLU()]
        self.deep = nn.Sequential(*layers[:-1])
        self.wide = linear(stack.wide_weight[member], stack.wide_bias[member])

    def forward(self, x):
        return torch.cat([self.deep(x), self.wide(x)], 1)

    def groups(self, decay):
        """torch's AdamW groups: decay on weights and not on biases, two paces."""
        for part, pace in ((self.deep, 1.0), (self.wide, WIDE_PACE)):
            for name, parameter in part.named_parameters():
                own = decay if "weight" in name else 0.0
                yield {"params": [parameter], "weight_decay": own, "pace": pace}


def linear(weight, bias):
    layer = nn.Linear(*weight.shape)
    layer.weight.data = weight.T.detach().clone()
    layer.bias.data = bias[0].detach().clone()
    return layer


def train_single(network, rows, *, decay, bend, generator, epochs=3, parts=6):
    """The same training by torch's optimizer and loss, one network and no stack."""
    optimizer = torch.optim.AdamW(network.groups(decay), betas=BETAS)
    loss = nn.HuberLoss(delta=bend, reduction="sum")
    x, y, lr, step = rows.inputs[0], rows.targets[0], 0.01, 0
    for _ in range(epochs):
        for batch in torch.randperm(
            len(rows.rows[0]), generator=generator
        ).tensor_split(parts):
            for group in optimizer.param_groups:
                group["lr"] = lr * group["pace"] * schedule(step / (epochs * parts))
            optimizer.zero_grad()
            target = y[batch, None].expand(-1, 2)
            (loss(network(x[batch]), target) / len(batch)).backward()
            optimizer.step()
            step += 1


def assert_equal_networks(stack, member, network, **tolerance):
    expected = Single(stack, member)
    for ours, theirs in zip(expected.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, **tolerance)


def test_a_stack_equals_torch_networks_trained_alone():
    stack, rows = new_stack(), data(len(SEEDS))
    singles = [Single(stack, member) for member in range(len(SEEDS))]
    states = [generator.get_state() for generator in stack.generators]
    train(stack, rows, DECAYS, BENDS)
    for member, network in enumerate(singles):
        generator = torch.Generator()
        generator.set_state(states[member])
        train_single(
            network,
            rows,
            decay=DECAYS[member].item(),
            bend=BENDS[member].item(),
            generator=generator,
        )
        assert_equal_networks(stack, member, network, atol=1e-5, rtol=1e-4)
        expected = network(rows.inputs[0]).mean(1)
        torch.testing.assert_close(
            predict(stack, rows.all().inputs)[member], expected, atol=1e-5, rtol=1e-4
        )


def test_one_step_equals_one_step_of_torch_adamw_for_every_decay():
    stack, rows = new_stack(), data(len(SEEDS), [8] * len(SEEDS))
    singles = [Single(stack, member) for member in range(len(SEEDS))]
    states = [copy.deepcopy(g.get_state()) for g in stack.generators]
    train(
        stack, rows, DECAYS, BENDS, epochs=2, batches=1
    )  # the first step has a rate of 0
    for member, network in enumerate(singles):
        generator = torch.Generator()
        generator.set_state(states[member])
        train_single(
            network,
            rows,
            decay=DECAYS[member].item(),
            bend=BENDS[member].item(),
            generator=generator,
            epochs=2,
            parts=1,
        )
        assert_equal_networks(stack, member, network)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_numbers_of_a_network_do_not_depend_on_its_place_in_a_stack(dropout):
    seeds = list(range(9))
    whole, part = new_stack(seeds, dropout), new_stack(seeds[3:5], dropout)
    decays, bends = torch.arange(9.0), torch.linspace(0.5, 2, 9)
    train(whole, data(9), decays, bends)
    train(part, data(2), decays[3:5], bends[3:5])
    for stacked, alone in zip(whole.parameters(), part.parameters(), strict=True):
        assert torch.equal(stacked[3:5], alone)


def test_a_member_with_fewer_rows_is_the_network_it_would_be_alone():
    stack, alone = new_stack(), new_stack(SEEDS[1:2])
    train(stack, data(3, [50, 49, 50]), DECAYS, BENDS, epochs=1)
    train(alone, data(1, [49]), DECAYS[1:2], BENDS[1:2], epochs=1)
    torch.testing.assert_close(stack.weights[0][1:2], alone.weights[0])


def test_the_loss_is_torchs_huber_loss():
    errors = torch.linspace(-3, 3, 25).view(1, -1, 1)
    expected = nn.HuberLoss(delta=0.7, reduction="none")(
        errors, torch.zeros_like(errors)
    )
    torch.testing.assert_close(huber(errors, torch.tensor([0.7])), expected)


def test_the_learning_rate_rises_then_falls_to_nothing():
    rates = [schedule(step / 1000) for step in range(1001)]
    top = rates.index(max(rates))
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert 0.04 < top / 1000 <= 0.05
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_dropout_keeps_the_mean_and_rests_in_evaluation():
    stack = StackedMLP(seeds=[0, 1], d_in=1, hidden=(1,), dropout=0.3)
    ones = torch.ones(2, 20_000, 1)
    dropped = stack.train()._drop(ones)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert dropped.unique().tolist() == [0.0, pytest.approx(1 / 0.7)]
    assert torch.equal(stack.eval()._drop(ones), ones)


def test_a_stack_learns_a_straight_line():
    stack, rows = new_stack(), data(3)
    line = Rows(rows.inputs, rows.inputs[..., 0], rows.fold, rows.rows)
    records = train(stack, line, torch.zeros(3), BENDS, epochs=60)
    assert (records[-1].valid < 0.3 * records[0].valid).all()
