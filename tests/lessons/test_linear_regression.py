import pytest
import torch
from lesson_results import axes_of, curves_of, measured
from sklearn.linear_model import LinearRegression

from pipeline.lessons.linear_regression import (
    linear,
    minibatches,
    noisy_line,
    sgd,
    squared_loss,
)
from pipeline.lessons.mlp import init_params


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def test_synthetic_rows_are_on_the_hyperplane_plus_noise():
    X = torch.randn(5000, 2, generator=new())
    noise = noisy_line(X, (2.0, -3.4), 4.2, new(1)) - (
        X @ torch.tensor([[2.0], [-3.4]])
    )
    assert noise.mean().item() == pytest.approx(4.2, abs=1e-3)
    assert noise.std().item() == pytest.approx(0.01, rel=0.05)


def test_squared_loss_is_half_the_square():
    assert squared_loss(torch.tensor([3.0]), torch.tensor([1.0])).tolist() == [2.0]


def test_sgd_steps_like_torch_s_and_zeroes_the_gradient():
    ours, theirs = (torch.ones(3, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([theirs], 0.1)
    for _ in range(5):
        (ours**3).sum().backward()
        sgd([ours], 0.1)
        optimizer.zero_grad()
        (theirs**3).sum().backward()
        optimizer.step()
    assert torch.allclose(ours, theirs)
    assert ours[0] < 0.8
    assert ours.grad is None


def test_sgd_from_scratch_finds_scikit_learn_s_solution():
    X = torch.randn(500, 3, generator=new())
    y = noisy_line(X, (1.0, -2.0, 0.5), 3.0, new(1))
    exact = LinearRegression().fit(X.numpy(), y.numpy())
    params, order = init_params((3, 1), new(2)), new(3)
    for _ in range(8):
        for rows, targets in minibatches(X, y, 10, order):
            squared_loss(linear(params, rows), targets).mean().backward()
            sgd(params, 0.03)
    W, b = params
    assert W.flatten().tolist() == pytest.approx(exact.coef_[0].tolist(), abs=0.003)
    assert b.item() == pytest.approx(exact.intercept_[0], abs=0.003)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_the_loss_of_all_rows_falls_to_that_of_the_noise_for_any_seed(
    impl, seed, run_one
):
    result = run_one("linear-regression", impl, SEED=seed)
    _, losses = curves_of(axes_of(result, "loss"))["all rows"]
    assert losses[0] > 1.5 * losses[2]
    floor = 5e-5 if impl == "scratch" else 1e-4
    assert losses[2] == pytest.approx(floor, rel=0.2)


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_the_book_s_weights_are_found_within_their_tolerances(impl, run_one):
    rows = run_one("linear-regression", impl).rows
    assert len(rows) == 6
    assert [row for row in rows if not row.inside] == []


def test_other_numbers_of_epochs_have_no_tolerance(run_one):
    rows = run_one("linear-regression", "scratch", EPOCHS=2).rows
    assert len(rows) == 5
    assert {row.inside for row in rows} == {None}


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_the_charts_show_the_floor_of_the_noise_and_the_line_through_the_data(
    impl, run_one
):
    result = run_one("linear-regression", impl)
    losses = curves_of(axes_of(result, "loss"))
    _, floor = losses["expected loss of the noise"]
    assert floor[0] == pytest.approx(5e-5 if impl == "scratch" else 1e-4)
    book = {"scratch": {"the book, all rows"}, "torch": {"the book, the last batch"}}
    batch = {"the last batch"} if impl == "torch" else set()
    names = {"all rows", "expected loss of the noise"} | book[impl] | batch
    assert losses.keys() == names
    _, loss = losses["all rows"]
    assert f"{loss[-1]:.2g}" in result.seen[0]
    rows, (x, y) = curves_of(axes_of(result, "line")).values()
    slope = (y[1] - y[0]) / (x[1] - x[0])
    assert slope == pytest.approx(-3.4, abs=0.01)
    intercept = y[0] - slope * x[0]
    for x, y in zip(*rows, strict=True):
        assert y == pytest.approx(intercept + slope * x, abs=0.05)


def test_each_epoch_is_printed_as_the_book_does(run_one):
    lines = []
    run_one("linear-regression", "scratch", say=lines.append)
    assert [line.split(", loss ")[0] for line in lines] == [
        "epoch 1",
        "epoch 2",
        "epoch 3",
    ]


def test_a_small_learning_rate_ends_far_from_the_true_weights(run_one):
    w1 = measured(run_one("linear-regression", "scratch", LR=0.001))["w1 (true 2)"]
    assert abs(w1 - 2) > 0.05


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
