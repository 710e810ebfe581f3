import pytest
import torch
from sklearn.linear_model import LinearRegression

from pipeline.lessons import linear_regression
from pipeline.lessons.linear_regression import noisy_line, scratch, squared_loss
from pipeline.lessons.training import train


def new(seed=0):
    return torch.Generator().manual_seed(seed)


def test_made_up_rows_lie_on_the_line_but_for_the_noise():
    X = torch.randn(5000, 2, generator=new())
    rest = noisy_line(X, (2.0, -3.4), 4.2, new(1)) - (X @ torch.tensor([[2.0], [-3.4]]))
    assert rest.mean().item() == pytest.approx(4.2, abs=1e-3)
    assert rest.std().item() == pytest.approx(0.01, rel=0.05)


def test_squared_loss_is_half_the_square():
    assert squared_loss(torch.tensor([3.0]), torch.tensor([1.0])).tolist() == [2.0]


def test_sgd_from_scratch_finds_what_scikit_learn_solves_for():
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
def test_the_book_s_line_is_found_within_its_bands(impl, asked):
    rows = linear_regression.run(asked(impl)).rows
    assert len(rows) == 6
    assert [row for row in rows if not row.inside] == []


def test_another_number_of_epochs_is_not_judged_by_the_book(asked):
    rows = linear_regression.run(asked("scratch", epochs=2)).rows
    assert len(rows) == 5
    assert {row.inside for row in rows} == {None}
