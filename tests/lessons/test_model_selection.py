from itertools import pairwise

import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from pipeline.lessons import kfold, model_selection
from pipeline.lessons.kfold import Errors


@pytest.fixture(scope="module")
def rows():
    x, y = model_selection.make_rows(
        torch.Generator().manual_seed(model_selection.DATA_SEED)
    )
    return x[:100], y[:100]


@pytest.mark.parametrize("degree", [1, 3, 6])
def test_the_k_fold_error_is_scikit_learn_s(degree, rows):
    x, y = rows
    scores = cross_val_score(
        make_pipeline(PolynomialFeatures(degree), LinearRegression()),
        x.double().numpy(),
        y.double().numpy(),
        cv=KFold(5, shuffle=True, random_state=4),
        scoring="neg_mean_squared_error",
    )
    found = kfold.errors(x, y, degree, seed=4)
    assert found.valid == pytest.approx(-scores.mean(), rel=1e-4)
    assert found.standard_error == pytest.approx(scores.std(ddof=1) / 5**0.5, rel=1e-3)


def test_the_training_error_only_falls_with_the_degree(rows):
    found = [kfold.errors(*rows, degree, seed=0).train for degree in kfold.DEGREES]
    assert all(after < before * 1.001 for before, after in pairwise(found))


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen():
    candidates = [Errors(0, 9, 1), Errors(0, 1.4, 9), Errors(0, 1.0, 0.5)]
    assert kfold.simplest(candidates) == 1
    assert kfold.simplest([*candidates[:2], Errors(0, 1.0, 0.3)]) == 2


@pytest.mark.parametrize("seed", range(6))
def test_k_fold_finds_the_cubic_with_any_folds(seed, rows):
    found = [kfold.errors(*rows, degree, seed) for degree in kfold.DEGREES]
    assert kfold.DEGREES[kfold.simplest(found)] == 3


@pytest.mark.parametrize("impl", ["scratch", "torch"])
def test_the_three_fits_are_within_their_tolerances(impl, make_config):
    outcome = model_selection.run(make_config(impl))
    assert [each for each in outcome.measurements if not each.within_tolerance] == []
    fits, degree, _ = outcome.charts
    assert [line.label for line in fits.lines[1:]] == [
        "cubic",
        "straight line",
        "two rows",
    ]
    assert degree.mark.x == 3


def test_a_fit_to_two_rows_has_a_low_train_loss_and_a_high_test_loss(make_config):
    outcome = model_selection.run(make_config("torch"))
    loss = {each.quantity: each.measured for each in outcome.measurements}
    assert loss["two rows: test loss"] > 3 * loss["two rows: train loss"]
