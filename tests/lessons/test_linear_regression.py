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
