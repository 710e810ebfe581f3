"""A stack of M networks equals M networks of torch's own modules."""

import numpy as np
import pytest
import torch
from tiny_networks import (
    CANDIDATES,
    D_IN,
    DECAY,
    HIDDEN,
    HUBER_DELTA,
    ROWS,
    SEEDS,
    rows_of,
    trainer_of,
)
from torch import nn

from pipeline.core.settings import Settings
from pipeline.data.encoder import CACHE_LINE
from pipeline.network.backward import compute_gradients, compute_output
from pipeline.network.batches import Batches, Rows
from pipeline.network.perceptron import LANES, size
from pipeline.network.schedule import Schedule
from pipeline.network.stacked_mlp import StackedMLP
from pipeline.network.trainer import Candidate, dropout_masks


class Single(nn.Module):
    """One network of a stack as torch's own layers, without padding."""

    def __init__(self, stack, member):
        super().__init__()
        sizes = [D_IN, *HIDDEN]
        layers = []
        for number, weight in enumerate(stack.layers):
            d_in, d_out = sizes[number : number + 2]
            bias = stack.views.hidden_biases[number][member, 0, :d_out]
            layers += [linear(weight[member, :d_in, :d_out], bias), nn.SiLU()]
        output = stack.output[member, : HIDDEN[-1], None]
        bias = stack.views.output_bias[member]
        self.layers = nn.Sequential(*layers, linear(output, bias))

    def forward(self, x):
        return self.layers(x)[:, 0]

    def groups(self, candidate):
        """Yield groups for torch's AdamW, each with its weight decay."""
        for name, parameter in self.named_parameters():
            decay = candidate.weight_decay if "weight" in name else 0.0
            yield {"params": [parameter], "weight_decay": decay}


def linear(weight, bias):
    layer = nn.Linear(*weight.shape)
    layer.weight.data = weight.T.clone()
    layer.bias.data = bias.clone().view(-1)
    return layer


def train_alone(network, rows, candidate, *, delta, seed_state, epochs=3, batches=6):
    """Train with torch's modules, autograd, loss and optimizer."""
    optimizer = torch.optim.AdamW(network.groups(candidate), betas=Settings.adam_betas)
    loss = nn.HuberLoss(delta=delta, reduction="none")
    x, y = rows.inputs.entries[:, :D_IN], rows.targets[0]
    weights = torch.ones(ROWS) if rows.weights is None else rows.weights
    generator = torch.Generator()
    generator.set_state(seed_state)
    schedule = Schedule(epochs, batches, Settings.warm_up)
    for epoch in range(epochs):
        order = torch.randperm(len(rows.rows[0]), generator=generator)
        for number, batch in enumerate(order.tensor_split(batches)):
            for group in optimizer.param_groups:
                group["lr"] = candidate.lr * schedule.lr_scale(epoch, number)
            optimizer.zero_grad()
            losses = loss(network(x[batch]), y[batch])
            (losses @ weights[batch] / weights[batch].sum()).backward()
            optimizer.step()


@pytest.mark.parametrize("weights", [None, torch.linspace(0.1, 3, ROWS)])
@pytest.mark.parametrize(("epochs", "batches"), [(2, 1), (3, 6)])
def test_a_stack_equals_torch_networks_trained_alone(epochs, batches, weights):
    rows = rows_of(len(SEEDS), weights=weights)
    trainer = trainer_of(rows, decay=DECAY, epochs=epochs, batches=batches)
    members = len(CANDIDATES) * len(SEEDS)
    singles = [Single(trainer.stack, member) for member in range(members)]
    states = [generator.get_state() for generator in trainer.generators]
    for _ in trainer.run():
        pass
    x = rows.inputs.entries
    predicted = trainer.stack.predict(x.expand(members, -1, -1))
    for member, network in enumerate(singles):
        index, replica = divmod(member, len(SEEDS))
        candidate = CANDIDATES[index]
        decay = candidate.weight_decay * DECAY[replica].item()
        train_alone(
            network,
            rows,
            candidate._replace(weight_decay=decay),
            delta=HUBER_DELTA[replica].item(),
            seed_state=states[replica],
            epochs=epochs,
            batches=batches,
        )
        close = {"atol": 1e-5, "rtol": 1e-4}
        ours = Single(trainer.stack, member)
        for mine, theirs in zip(ours.parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, **close)
        torch.testing.assert_close(predicted[member], network(x[:, :D_IN]), **close)


def test_the_backward_pass_equals_autograd_with_dropout_and_padding():
    rows = rows_of(3, [50, 49, 47])
    trainer = trainer_of(rows, batches=4)
    stack, ((batch, *_),) = trainer.networks(0), Batches(rows, 4).in_order()
    generator = torch.Generator().manual_seed(5)
    dropout_noise = [
        torch.rand(3, 13, layer.shape[2], generator=generator) for layer in stack.layers
    ]
    masks = dropout_masks(dropout_noise, 0.4)
    slope = torch.randn(3, 13, generator=generator) * batch.weight
    leaves = {name: t.clone().requires_grad_() for name, t in stack.tensors().items()}
    layers = [leaves[f"layer{n}"] for n in range(len(stack.layers))]
    twin = StackedMLP(layers, leaves["output"], leaves["biases"])
    x = batch.inputs
    for number, layer in enumerate(layers):
        sums = torch.baddbmm(twin.views.hidden_biases[number], x, layer)
        x = nn.functional.silu(sums) * masks[number]
    expected = (x @ twin.output[:, :, None] + twin.views.output_bias)[..., 0]
    memory, gradients = trainer.memory, trainer.gradients
    compute_output(stack.views, batch.inputs, masks, memory)
    torch.testing.assert_close(memory.output, expected)
    expected.backward(slope)
    memory.slope.copy_(slope)
    compute_gradients(stack.views, gradients.views, batch.inputs, masks, memory)
    for name, gradient in gradients.tensors().items():
        torch.testing.assert_close(gradient, leaves[name].grad)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_numbers_of_a_network_do_not_depend_on_its_place_in_a_stack(dropout):
    seeds, candidates = (
        list(range(9)),
        [Candidate(x, 0.01, dropout) for x in (0.0, 1.0, 2.0)],
    )
    delta = torch.linspace(0.5, 2, 9)
    whole = trainer_of(rows_of(9), seeds=seeds, candidates=candidates, delta=delta)
    part = trainer_of(
        rows_of(2), seeds=seeds[3:5], candidates=candidates[1:2], delta=delta[3:5]
    )
    curves = [list(trainer.run()) for trainer in (whole, part)]
    for stacked, alone in zip(
        whole.networks(1)[3:5].tensors().values(),
        part.stack.tensors().values(),
        strict=True,
    ):
        assert torch.equal(stacked, alone)
    for all_, own in zip(*curves, strict=True):
        assert torch.equal(all_.valid.view(3, 9)[1, 3:5], own.valid)


def test_a_replica_with_fewer_rows_is_the_network_it_would_be_alone():
    stacked = trainer_of(rows_of(3, [50, 49, 50]))
    alone = trainer_of(rows_of(1, [49]), seeds=SEEDS[1:2], delta=HUBER_DELTA[1:2])
    for trainer in (stacked, alone):
        list(trainer.run())
    own = stacked.networks(1)[1:2].tensors()
    for name, tensor in alone.networks(1).tensors().items():
        torch.testing.assert_close(own[name], tensor)


def test_errors_are_weighted_by_the_sample_weights():
    weights = torch.linspace(0.1, 3, ROWS)
    rows, one = rows_of(2, [50, 40], weights), torch.tensor([1.0])
    still = [
        Candidate(0.0, 0.0, 0.0)
    ]  # a learning rate of 0: the weights stay as drawn
    trainer = trainer_of(rows, seeds=[1, 2], candidates=still, delta=one.repeat(2))
    (*_, epoch) = trainer.run()
    predicted = trainer.stack.predict(rows.inputs.entries.expand(2, -1, -1))
    for index, own in enumerate(rows.rows):
        squares = (predicted[index] - rows.targets[0])[own] ** 2
        expected = np.average(squares, weights=weights[own]) ** 0.5
        assert epoch.train[index].item() == pytest.approx(expected, rel=1e-5)
        assert epoch.valid[index].item() == pytest.approx(expected, rel=1e-5)


def test_a_weight_decay_beyond_all_bounds_leaves_the_biases_alone():
    # A step of AdamW subtracts lr × λ of a weight. If that is 10,000 times the weight,
    # the next weight is 10,000 times as large, with the opposite sign.
    rows = rows_of(3)
    trainer = trainer_of(rows, candidates=[Candidate(1e6, 0.01, 0.0)], epochs=20)
    (*_, last) = trainer.run()
    for name, weights in trainer.stack.tensors().items():
        assert name == "biases" or weights.abs().max() < 1e-3
    best_constant = rows.targets.std(correction=0)
    torch.testing.assert_close(last.valid, best_constant.expand(3), rtol=0.01, atol=0)


@pytest.mark.parametrize("hidden", [(1,), (33, 5), (64, 64, 64)])
def test_the_size_of_a_network_is_that_of_its_tensors(hidden):
    tensors = StackedMLP.zeros(1, D_IN, hidden).tensors().values()
    assert size(D_IN, hidden) == sum(map(torch.numel, tensors))


def test_padding_stays_zero():
    trainer = trainer_of(rows_of(3))
    list(trainer.run())
    first = trainer.stack.layers[0]
    assert first.shape[1:] == (CACHE_LINE, LANES)
    assert first[:, :D_IN, : HIDDEN[0]].abs().min() > 0
    assert (first[..., HIDDEN[0] :] == 0).all()
    assert (first[:, D_IN:] == 0).all()


def test_the_learning_rate_rises_then_falls_to_nothing():
    schedule = Schedule(1, 1000, Settings.warm_up)
    rates = [schedule.lr_scale(0, step) for step in range(1001)]
    top = rates.index(max(rates))
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert 0.04 < top / 1000 <= 0.05
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_dropout_keeps_the_mean_and_rests_at_zero():
    dropout_noise = [
        torch.rand(2, 20_000, 1, generator=torch.Generator().manual_seed(0))
    ]
    (mask,) = dropout_masks(dropout_noise, 0.3)
    assert mask.mean().item() == pytest.approx(1, abs=0.02)
    assert mask.unique().tolist() == [0.0, pytest.approx(1 / 0.7)]
    assert dropout_masks(dropout_noise, 0.0) == []


def test_a_stack_learns_a_straight_line():
    rows = rows_of(3)
    target = rows.inputs.entries[None, :, 0]
    line = Rows(rows.inputs, target, rows.fold, rows.rows, ROWS)
    candidates = [Candidate(0.0, 0.01, 0.0)]
    curve = list(trainer_of(line, candidates=candidates, epochs=60).run())
    assert (curve[-1].valid < 0.3 * curve[0].valid).all()
