"""Boosted trees as arrays predict what CatBoost predicts; broken ones are refused."""

import numpy as np
import pytest
from ames_columns import LAYOUT, ames_dataset
from catboost import CatBoostRegressor
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.settings import Settings
from pipeline.data.encoder import ONE_HOT
from pipeline.models import boosting
from pipeline.validation.fold_data import FoldData

SMALL = Settings(trees=40, tree_depth=3, tree_borders=16)


def first_fold(train, test):
    """The training rows of the first fold."""
    return FoldData.fit(ames_dataset(train, test), SMALL).training(0)


def check(arrays, columns):
    boosting.MODEL.check_fold(arrays, SMALL, columns)


@pytest.fixture(scope="module")
def fold(train_features, test_features):
    return first_fold(train_features.head(300), test_features.head(5))


@pytest.fixture(scope="module")
def rows(fold):
    return fold.read(ONE_HOT)


@pytest.fixture(scope="module")
def trees(fold, rows):
    return boosting.fit(rows, fold.target, 7, SMALL, lambda _: None)


def test_the_arrays_predict_what_catboost_predicts(fold, rows, trees):
    model = CatBoostRegressor(
        iterations=40,
        learning_rate=SMALL.tree_lr,
        depth=3,
        rsm=SMALL.tree_columns,
        bootstrap_type="Bernoulli",
        border_count=16,
        random_seed=7,
        allow_writing_files=False,
        verbose=False,
    ).fit(rows, fold.target)
    assert np.isnan(rows).any()
    predicted = boosting.predict(trees, rows)
    np.testing.assert_allclose(predicted, model.predict(rows))


def test_the_prediction_of_a_row_does_not_depend_on_the_other_rows(trees, rows):
    predicted = boosting.predict(trees, rows)
    for number in (0, 7, 200):
        alone = boosting.predict(trees, rows[[number]])
        assert alone[0] == predicted[number]


def test_a_step_is_reported_for_every_ten_trees(fold):
    seconds = []
    boosting.MODEL.fit_fold(fold, 0, SMALL, lambda done, note: seconds.append(done))
    assert len(seconds) == 4
    columns = len(fold.data.read(ONE_HOT).names)
    total = boosting.MODEL.seconds(SMALL, fold.data.rows, columns)
    assert sum(seconds) == pytest.approx(total / (SMALL.folds * SMALL.seeds))


def test_it_reads_cleaned_columns_and_sums_but_no_column_made_for_the_mlp(
    train_features,
):
    names = ONE_HOT.read([train_features.head(2)], LAYOUT).names
    assert {"GrLivArea", "OverallQual", "Size", "MSZoning=C (all)"} <= set(names)
    assert not [name for name in names if "×" in name or "Squared" in name]
    assert "QualityTimesSF" not in names


BROKEN = {
    "another type": lambda t: {**t, "leaf": t["leaf"].astype(np.float32)},
    "levels that do not fit": lambda t: {**t, "border": t["border"][:, 1:]},
    "leaves that do not fit": lambda t: {**t, "leaf": t["leaf"][:, 1:]},
    "a column beyond the last": lambda t: {**t, "column": t["column"] + 10_000},
    "a negative column": lambda t: {**t, "column": t["column"] - 10_000},
    "a leaf that is no number": lambda t: {**t, "leaf": t["leaf"] * np.nan},
    "two biases": lambda t: {**t, "bias": np.zeros(2)},
    "no levels": lambda t: {**t, "column": t["column"][:, :0]},
    "one array too few": lambda t: {n: a for n, a in t.items() if n != "leaf"},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_arrays_that_are_no_trees_are_refused(kind, trees, rows):
    check(trees, rows.shape[1])
    with pytest.raises((ValueError, KeyError)):
        check(BROKEN[kind](trees), rows.shape[1])


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_numbers_the_arrays_hold_they_are_refused_or_predict(
    data, trees, rows
):
    """Fuzzing: a hostile file never leads outside the arrays."""
    name = data.draw(st.sampled_from(sorted(trees)))
    array = trees[name].copy()
    bits = array.view(np.uint8).reshape(-1)
    for _ in range(data.draw(st.integers(1, 4))):
        bits[data.draw(st.integers(0, len(bits) - 1))] = data.draw(st.integers(0, 255))
    changed = {**trees, name: array}
    try:
        check(changed, rows.shape[1])
    except ValueError:
        return
    assert np.isfinite(boosting.predict(changed, rows[:5])).all()


def default_learning_rate(rows):
    """The learning rate that CatBoost takes by default for so many rows."""
    model = CatBoostRegressor(
        iterations=500, depth=1, allow_writing_files=False, verbose=False
    )
    numbers = np.arange(float(rows))
    return model.fit(numbers[:, None], numbers).get_all_params()["learning_rate"]


def test_the_learning_rate_grows_with_the_rows_as_that_of_catboost():
    few, many = (boosting.learning_rate(Settings(), rows) for rows in (1460, 14_600))
    assert few == Settings().tree_lr
    assert boosting.learning_rate(Settings(), 100) == few
    expected = default_learning_rate(14_600) / default_learning_rate(1460)
    assert many / few == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        (np.ones((6, 2)), np.arange(6.0)),
        (np.full((6, 2), np.nan), np.arange(6.0)),
        (np.arange(12.0).reshape(6, 2), np.ones(6)),
    ],
    ids=["equal columns", "blank columns", "equal targets"],
)
def test_where_nothing_can_be_learned_the_mean_is_predicted(columns, target):
    columns = columns.astype(np.float32)
    fitted = boosting.fit(columns, target, 0, SMALL, lambda _: None)
    check(fitted, 2)
    predicted = boosting.predict(fitted, columns)
    assert predicted == pytest.approx([target.mean()] * 6)


def test_a_column_with_one_value_and_blanks_can_be_learned_from():
    columns = np.array([[1.0], [np.nan]] * 20, np.float32)
    target = np.array([1.0, -1.0] * 20)
    fitted = boosting.fit(columns, target, 0, SMALL, lambda _: None)
    assert boosting.predict(fitted, columns)[:2] @ [1, -1] > 0.5
