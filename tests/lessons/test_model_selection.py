from itertools import pairwise

import pytest
import torch
from lesson_results import axes_of, curves_of, measured
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from pipeline.lessons import LESSONS, model_selection
from pipeline.lessons.model_selection import Errors, deciles, kfold, simplest
from pipeline.lessons.runner import run_lesson


@pytest.fixture(scope="module")
def rows():
    x, y = model_selection.draw_rows(0)
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
    found = kfold(x, y, degree, seed=4)
    assert found.valid == pytest.approx(-scores.mean(), rel=1e-4)
    assert found.standard_error == pytest.approx(scores.std(ddof=1) / 5**0.5, rel=1e-3)


def test_the_training_error_only_falls_with_the_degree(rows):
    found = [kfold(*rows, degree, seed=0).train for degree in model_selection.DEGREES]
    assert all(after < before * 1.001 for before, after in pairwise(found))


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen():
    candidates = [Errors(0, 9, 1), Errors(0, 1.4, 9), Errors(0, 1.0, 0.5)]
    assert simplest(candidates) == 1
    assert simplest([*candidates[:2], Errors(0, 1.0, 0.3)]) == 2


def test_k_fold_finds_the_cubic_in_most_draws():
    degrees = model_selection.DEGREES
    chosen = [
        simplest([kfold(x[:100], y[:100], degree, seed=0) for degree in degrees])
        for x, y in map(model_selection.draw_rows, range(12))
    ]
    assert [degrees[index] for index in chosen].count(3) >= 10


def test_the_spread_over_draws_has_the_deciles():
    draws = [Errors(i, 10 * i, 0) for i in range(1, 100)]
    assert deciles(draws, "train") == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert deciles(draws, "valid")[4] == 500


@pytest.mark.parametrize("train", [model_selection.scratch, model_selection.with_torch])
def test_a_short_last_batch_is_averaged_over_its_own_rows(train, monkeypatch):
    # Equal rows: batches of ten and of three have the same gradient.
    monkeypatch.setattr(model_selection, "EPOCHS", 1)
    X, y = torch.ones(13, 1), torch.ones(13, 1)
    start = 0.01 * torch.randn(1, generator=torch.Generator().manual_seed(0)).item()
    W, b = train(X, y, torch.Generator().manual_seed(0))
    # Each step changes w and b equally, so the error is multiplied by 1 - 2 lr.
    assert (W + b).item() == pytest.approx(1 - (1 - start) * 0.96**2, rel=1e-5)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The lesson with three draws."""
    options = {"ROOT": tmp_path_factory.mktemp("lesson"), "DRAWS": 3, "MORE_DRAWS": 12}
    return run_lesson(LESSONS["model-selection"], "scratch", options)


def test_the_fits_are_within_their_tolerances(result):
    compared = [row for row in result.rows if row.band]
    assert len(compared) == 10
    assert [row for row in compared if not row.inside] == []
    fits = curves_of(axes_of(result, "fits"))
    assert [*fits][1:] == [
        "the two rows",
        "cubic",
        "straight line",
        "cubic, from two rows",
    ]
    x, y = model_selection.draw_rows(0)
    assert fits["the two rows"] == [x[:2].flatten().tolist(), y[:2].flatten().tolist()]
    degree = curves_of(axes_of(result, "degree"))
    x, _ = degree["K-fold chooses degree 3 most often"]
    assert x == [model_selection.DEGREES.index(3)] * 2
    for name in ("degree", "size"):
        _, floor = curves_of(axes_of(result, name))["variance of the noise"]
        assert floor[0] == pytest.approx(1e-4)


def test_with_more_rows_the_errors_approach_the_noise_from_both_sides(result):
    curves = curves_of(axes_of(result, "size"))
    (_, train), (_, valid) = curves["train"], curves["5-fold"]
    assert train[0] < train[-1] < 1.5e-4
    assert valid[0] > valid[-1] > 0.8e-4


def test_a_fit_to_two_rows_has_a_low_train_loss_and_a_high_test_loss(result):
    loss = measured(result)
    assert loss["two rows: test loss"] > 3 * loss["two rows: train loss"]


def test_the_rule_and_the_lowest_error_are_both_named(result):
    x, y = zip(*map(model_selection.draw_rows, range(12)), strict=True)
    found = [
        [kfold(a[:100], b[:100], degree, 0) for degree in model_selection.DEGREES]
        for a, b in zip(x, y, strict=True)
    ]
    by_rule = sum(simplest(errors) == 2 for errors in found)
    lowest = sum(min(errors, key=lambda e: e.valid) == errors[2] for errors in found)
    assert result.seen[1] == (
        f"With the one-standard-error rule K-fold chooses degree 3 in {by_rule} of 12 "
        f"draws, without a test row. It has the lowest validation error in {lowest} of "
        "them."
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_torch_ends_at_the_weights_of_scratch(seed, run_one):
    found = measured(run_one("model-selection", "torch", SEED=seed))
    assert len(found) == 3
    assert max(found.values()) < 1e-3
