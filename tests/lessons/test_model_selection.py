from itertools import pairwise
from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from pipeline.core.paths import Project
from pipeline.lessons import kfold, model_selection
from pipeline.lessons.config import LessonConfig
from pipeline.lessons.kfold import Errors


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


def test_k_fold_finds_the_cubic_in_most_draws():
    draws = [model_selection.draw_rows(number) for number in range(12)]
    chosen = kfold.choose(draws, 100, seed=0)
    assert chosen.degrees.count(3) >= 10


def test_the_spread_over_draws_has_the_deciles():
    by_size = [[Errors(i, 10 * i, 0) for i in range(1, 100)]]
    lines, bands = kfold._lines([8], by_size)
    assert [line.y for line in lines] == [[50], [500]]
    assert (bands[0].low, bands[0].high) == ([10], [90])


@pytest.fixture(scope="module", params=["scratch", "torch"])
def outcome(request):
    """The lesson with three draws."""
    patch = pytest.MonkeyPatch()
    patch.setattr(model_selection, "DRAWS", 3)
    patch.setattr(model_selection, "MORE_DRAWS", 12)
    yield model_selection.run(LessonConfig(request.param, 0, None, Project(Path())))
    patch.undo()


def test_the_fits_are_within_their_tolerances(outcome):
    compared = [each for each in outcome.measurements if each.tolerance]
    assert len(compared) == 10
    assert [each for each in compared if not each.within_tolerance] == []
    fits, degree, size = outcome.charts
    assert [line.label for line in fits.lines[1:]] == [
        "cubic",
        "straight line",
        "two rows",
    ]
    assert degree.mark.x == 3
    assert degree.level.y == size.level.y == pytest.approx(1e-4)


def test_with_more_rows_the_errors_approach_the_noise_from_both_sides(outcome):
    train, valid = (line.y for line in outcome.charts[2].lines)
    assert train[0] < train[-1] < 1.5e-4
    assert valid[0] > valid[-1] > 0.8e-4


def test_a_fit_to_two_rows_has_a_low_train_loss_and_a_high_test_loss(outcome):
    loss = {each.quantity: each.measured for each in outcome.measurements}
    assert loss["two rows: test loss"] > 3 * loss["two rows: train loss"]
