import pytest
import torch
from sklearn.linear_model import LinearRegression

from pipeline.lessons import linear_regression
from pipeline.lessons.linear_regression import noisy_line, scratch, squared_loss
from pipeline.lessons.training import train


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


def test_sgd_from_scratch_finds_scikit_learn_s_solution():
    X = torch.randn(500, 3, generator=new())
    y = noisy_line(X, (1.0, -2.0, 0.5), 3.0, new(1))
    exact = LinearRegression().fit(X.numpy(), y.numpy())
    learner = scratch(3, lr=0.03, generator=new(2))
    for _ in train(learner, X, y, epochs=8, batch_size=10, generator=new(3)):
        pass
    W, b = learner.parameters
    assert W.flatten().tolist() == pytest.approx(exact.coef_[0].tolist(), abs=0.003)
    assert b.item() == pytest.approx(exact.intercept_[0], abs=0.003)


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_the_book_s_weights_are_found_within_their_tolerances(impl, make_config):
    measurements = linear_regression.run(make_config(impl)).measurements
    assert len(measurements) == 6
    assert [each for each in measurements if not each.within_tolerance] == []


def test_other_numbers_of_epochs_have_no_tolerance(make_config):
    measurements = linear_regression.run(make_config("scratch", epochs=2)).measurements
    assert len(measurements) == 5
    assert {each.within_tolerance for each in measurements} == {None}


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_the_charts_show_the_floor_of_the_noise_and_the_line_through_the_data(
    impl, make_config
):
    outcome = linear_regression.run(make_config(impl))
    losses, line = outcome.charts
    assert losses.level.y == pytest.approx(5e-5 if impl == "scratch" else 1e-4)
    rows, fitted = line.lines
    slope = (fitted.y[1] - fitted.y[0]) / (fitted.x[1] - fitted.x[0])
    assert slope == pytest.approx(-3.4, abs=0.01)
    intercept = fitted.y[0] - slope * fitted.x[0]
    for x, y in zip(rows.x, rows.y, strict=True):
        assert y == pytest.approx(intercept + slope * x, abs=0.05)


def test_each_epoch_is_said_as_the_book_does(make_config):
    lines = []
    linear_regression.run(make_config("scratch", say=lines.append))
    assert [line.split(", loss ")[0] for line in lines] == [
        "epoch 1",
        "epoch 2",
        "epoch 3",
    ]


def test_a_small_learning_rate_ends_far_from_the_true_weights(make_config):
    outcome = linear_regression.run(make_config("scratch", lr=0.001))
    w1 = {each.quantity: each.measured for each in outcome.measurements}["w1 (true 2)"]
    assert abs(w1 - 2) > 0.05
