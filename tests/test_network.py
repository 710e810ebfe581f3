"""A stack of M networks is M networks: torch's own modules are the judge."""

import copy

import pytest
import torch
from torch import nn

from pipeline.network import StackedMLP
from pipeline.train import Rows, predict, train_stack

SEEDS, DECAYS = [11, 12, 13], torch.tensor([0.0, 0.5, 3.0])
D_IN, HIDDEN, ROWS = 7, (6, 5), 50


def new_stack(seeds=SEEDS, dropout=0.0):
    return StackedMLP(seeds=seeds, d_in=D_IN, hidden=HIDDEN, dropout=dropout)


def data(members, lengths=None):
    """Rows of one shared table: of each member all, or its first `lengths`."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(1, ROWS, D_IN, generator=generator)
    targets = torch.randn(1, ROWS, generator=generator)
    rows = [torch.arange(n) for n in lengths or [ROWS] * members]
    return Rows.of(inputs, targets, [0] * members, rows)


def train(stack, rows, decays, epochs=3):
    return list(
        train_stack(
            stack, rows, rows, weight_decay=decays, epochs=epochs, lr=0.01, batch_size=8
        )
    )


def single(stack, member):
    """The member of a stack as torch's own layers."""
    layers = []
    for weight, bias in zip(stack.weights, stack.biases, strict=True):
        linear = nn.Linear(*weight.shape[1:])
        linear.weight.data = weight[member].T.detach().clone()
        linear.bias.data = bias[member, 0].detach().clone()
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def assert_equal_networks(stack, member, network, **tolerance):
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    for weight, bias, linear in zip(stack.weights, stack.biases, linears, strict=True):
        torch.testing.assert_close(weight[member].T, linear.weight, **tolerance)
        torch.testing.assert_close(bias[member, 0], linear.bias, **tolerance)


def adamw(network, decay, lr):
    """torch's AdamW with decay on weights and not on biases."""
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    return torch.optim.AdamW(
        [
            {"params": [x.weight for x in linears], "weight_decay": decay},
            {"params": [x.bias for x in linears], "weight_decay": 0.0},
        ],
        lr=lr,
    )


def test_one_step_equals_one_step_of_torch_adamw_for_every_decay():
    stack, rows = new_stack(), data(len(SEEDS), [8] * len(SEEDS))
    singles = [single(stack, member) for member in range(len(SEEDS))]
    train(stack, rows, DECAYS, epochs=1)  # 8 rows in batches of 8: one step
    for member, network in enumerate(singles):
        optimizer = adamw(network, DECAYS[member].item(), lr=0.01)
        x, y = rows.inputs[0, :8], rows.targets[0, :8]
        nn.functional.mse_loss(network(x).squeeze(1), y).backward()
        optimizer.step()
        assert_equal_networks(stack, member, network)


def test_a_stack_trained_for_epochs_equals_torch_networks_trained_alone():
    stack, rows, epochs, lr = new_stack(), data(len(SEEDS)), 3, 0.01
    singles = [single(stack, member) for member in range(len(SEEDS))]
    generators = [copy.deepcopy(g.get_state()) for g in stack.generators]
    train(stack, rows, DECAYS, epochs)
    for member, network in enumerate(singles):
        optimizer = adamw(network, DECAYS[member].item(), lr)
        steps = epochs * -(-ROWS // 8)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        generator = torch.Generator()
        generator.set_state(generators[member])
        for _ in range(epochs):
            for batch in torch.randperm(ROWS, generator=generator).split(8):
                optimizer.zero_grad()
                predicted = network(rows.inputs[0, batch]).squeeze(1)
                nn.functional.mse_loss(predicted, rows.targets[0, batch]).backward()
                optimizer.step()
                schedule.step()
        assert_equal_networks(stack, member, network, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(
            predict(stack, rows)[member],
            network(rows.inputs[0]).squeeze(1),
            atol=1e-5,
            rtol=1e-4,
        )


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_numbers_of_a_network_do_not_depend_on_its_place_in_a_stack(dropout):
    seeds = list(range(9))
    whole, part = new_stack(seeds, dropout), new_stack(seeds[3:5], dropout)
    decays = torch.arange(9.0)
    train(whole, data(9), decays)
    train(part, data(2), decays[3:5])
    for stacked, alone in zip(whole.parameters(), part.parameters(), strict=True):
        assert torch.equal(stacked[3:5], alone)


def test_a_member_with_fewer_rows_is_the_network_it_would_be_alone():
    stack, alone = new_stack(), new_stack(SEEDS[1:2])
    train(stack, data(3, [50, 49, 50]), DECAYS)
    train(alone, data(1, [49]), DECAYS[1:2])
    torch.testing.assert_close(stack.weights[0][1:2], alone.weights[0])


def test_networks_start_as_torch_linear_layers_do():
    weight = StackedMLP(seeds=[0], d_in=400, hidden=(300,), dropout=0.0).weights[0]
    peer = nn.Linear(400, 300).weight
    assert weight.std().item() == pytest.approx(peer.std().item(), rel=0.02)
    assert weight.abs().max().item() == pytest.approx(peer.abs().max().item(), rel=0.01)


def test_dropout_keeps_the_mean_and_rests_in_evaluation():
    stack = StackedMLP(seeds=[0, 1], d_in=1, hidden=(1,), dropout=0.3)
    ones = torch.ones(2, 20_000, 1)
    dropped = stack.train()._drop(ones)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert dropped.unique().tolist() == [0.0, pytest.approx(1 / 0.7)]
    assert torch.equal(stack.eval()._drop(ones), ones)


def test_a_stack_learns_a_straight_line():
    stack, rows = new_stack(), data(3)
    line = Rows(rows.inputs, rows.inputs[..., 0], rows.fold, rows.index, rows.weight)
    records = train(stack, line, torch.zeros(3), epochs=60)
    assert (records[-1].valid < 0.3 * records[0].valid).all()
