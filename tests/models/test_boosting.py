"""Boosted trees as arrays predict what CatBoost predicts; broken ones are refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ames_columns import LAYOUT, ames_dataset
from catboost import CatBoostRegressor
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings
from pipeline.data.dataset import Layout
from pipeline.data.encoder import WORDS, code_counts
from pipeline.models import boosting
from pipeline.validation.fold_data import FoldData

SMALL = Settings(trees=40)
HOW = boosting.Training(seed=7, trees=40, levels=3)


def first_fold(train, test):
    """The training rows of the first fold."""
    return FoldData.fit(ames_dataset(train, test), SMALL).training(0)


def check(arrays, columns):
    boosting.MODEL.check_fold(arrays, SMALL, columns)


def fit_frame(frame, layout, target, how=HOW):
    """Fit trees to a frame as the view WORDS reads it."""
    matrix = WORDS.read([frame], layout)
    codes = code_counts(matrix.names, layout)
    return boosting.fit(matrix.entries, codes, target, how)


def catboost_predicts(frame, layout, target, new, how=HOW):
    """What CatBoost itself predicts for new rows, given the words themselves."""
    names = WORDS.read([frame], layout).names
    words = [name for name in names if name in layout.words]
    numbers = [name for name in names if name not in layout.words]

    def columns(rows):
        texts = rows[words].astype(object).fillna("a missing word")
        return pd.concat([rows[numbers].astype("float32"), texts], axis=1)[names]

    model = CatBoostRegressor(
        loss_function=how.loss,
        iterations=how.trees,
        learning_rate=boosting.learning_rate(len(frame), how.trees),
        depth=how.levels,
        max_ctr_complexity=1,
        cat_features=words,
        random_seed=how.seed,
        thread_count=1,
        allow_writing_files=False,
        verbose=False,
    )
    return model.fit(columns(frame), target).predict(columns(new))


def with_strange_words(frame, layout):
    """The rows, with a word that nobody listed in some cells, and blanks in others."""
    strange, generator = frame.copy(), np.random.default_rng(0)
    for name in strange.columns.difference(layout.skipped):
        if name in layout.words:
            strange[name] = strange[name].astype(object)
            strange.loc[generator.random(len(frame)) < 0.1, name] = "Mars"
        strange.loc[generator.random(len(frame)) < 0.1, name] = None
    return strange


@pytest.fixture(scope="module")
def fold(train_features, test_features):
    return first_fold(train_features.head(300), test_features.head(5))


@pytest.fixture(scope="module")
def rows(fold):
    return fold.read(WORDS)


@pytest.fixture(scope="module")
def trees(fold):
    return fit_frame(fold.frame, LAYOUT, fold.target)


@pytest.mark.parametrize("loss", ["RMSE", "MAE"])
def test_the_arrays_predict_what_catboost_predicts(train_features, fold, loss):
    how = HOW._replace(trees=200, loss=loss)
    trees = fit_frame(fold.frame, LAYOUT, fold.target, how)
    new = with_strange_words(train_features, LAYOUT)
    entries = WORDS.read([new], LAYOUT).entries
    assert (trees["column"] >= entries.shape[1]).sum() > 10  # statistics are compared
    expected = catboost_predicts(fold.frame, LAYOUT, fold.target, new, how)
    np.testing.assert_allclose(
        boosting.predict(trees, entries), expected, rtol=0, atol=1e-12
    )


def test_thousands_of_words_are_predicted_as_catboost_does():
    generator = np.random.default_rng(0)
    words = [f"word {number}" for number in range(3000)]
    effect = dict(zip(words, generator.normal(size=3000), strict=True))
    rows = pd.DataFrame(
        {
            "word": generator.choice(words[:2500], 6000),
            "two": generator.choice(["yes", "no"], 6000),
            "number": generator.normal(size=6000),
        }
    )
    target = rows["word"].map(effect) + (rows["two"] == "no") * rows["number"]
    layout = Layout({"word": tuple(words), "two": ("yes", "no", "perhaps")})
    new = with_strange_words(rows, layout)
    new.loc[:500, "word"], new.loc[:500, "two"] = words[-1], "perhaps"
    entries = WORDS.read([new], layout).entries
    trees = fit_frame(rows, layout, target.to_numpy())
    predicted = boosting.predict(trees, entries)
    expected = catboost_predicts(rows, layout, target, new)
    np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-12)
    assert np.corrcoef(predicted, target)[0, 1] > 0.3


def test_a_word_is_its_place_in_the_vocabulary():
    layout = Layout({"word": ("b", "a")}, skipped=("id",))
    frame = pd.DataFrame({"id": 0, "word": ["a", "b", None, "c"], "number": 1.5})
    matrix = WORDS.read([frame], layout)
    assert matrix.names == ["word", "number"]
    np.testing.assert_array_equal(matrix.entries[:, 0], [1, 0, 2, 3])
    np.testing.assert_array_equal(code_counts(matrix.names, layout), [4, 0])


def test_a_word_without_statistics_is_refused(trees, rows):
    word = np.flatnonzero(trees["codes"])[0]
    for code in (trees["codes"][word], -1, np.nan):
        other = rows.copy()
        other[3, word] = code
        with pytest.raises(UserError, match="other words"):
            boosting.predict(trees, other)


def test_the_prediction_of_a_row_does_not_depend_on_the_other_rows(trees, rows):
    predicted = boosting.predict(trees, rows)
    for number in (0, 7, 200):
        alone = boosting.predict(trees, rows[[number]])
        assert alone[0] == predicted[number]


def test_a_step_is_reported_for_every_ten_trees(fold):
    seconds = []
    boosting.MODEL.fit_fold(fold, 0, SMALL, lambda done, note: seconds.append(done))
    assert len(seconds) == 4
    columns = len(fold.data.read(WORDS).names)
    total = boosting.MODEL.seconds(SMALL, fold.data.rows, columns)
    assert sum(seconds) == pytest.approx(total / SMALL.folds)


def test_it_reads_cleaned_columns_and_sums_but_no_column_made_for_the_mlp(
    train_features,
):
    names = WORDS.read([train_features.head(2)], LAYOUT).names
    assert {"GrLivArea", "OverallQual", "Size", "MSZoning"} <= set(names)
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
    "too few columns": lambda t: {**t, "codes": t["codes"][1:]},
    "a negative number of words": lambda t: {**t, "codes": -t["codes"]},
    "fewer statistics": lambda t: {**t, "statistics": t["statistics"][:, 1:]},
    "another kind of statistics": lambda t: {**t, "statistics": t["statistics"][1:]},
    "a statistic that is no number": lambda t: {
        **t,
        "statistics": t["statistics"] * np.nan,
    },
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
        predicted = boosting.predict(changed, rows[:5])
    except (ValueError, UserError):
        return
    assert np.isfinite(predicted).all()


@pytest.mark.parametrize(
    ("rows", "trees"), [(100, 1000), (14_600, 1000), (1168, 2000), (1168, 20)]
)
def test_the_learning_rate_is_the_one_that_catboost_takes(rows, trees):
    model = CatBoostRegressor(
        iterations=trees, depth=1, allow_writing_files=False, verbose=False
    )
    numbers = np.arange(float(rows))
    stop = type("Stop", (), {"after_iteration": lambda *_: False})()
    model.fit(numbers[:, None], numbers, callbacks=[stop])
    expected = pytest.approx(model.learning_rate_, rel=1e-6)
    assert boosting.learning_rate(rows, trees) == expected


@pytest.mark.parametrize(("rows", "trees", "levels"), [(150, 500, 4), (5000, 1000, 6)])
def test_where_a_fold_has_few_rows_trees_are_fewer_with_fewer_levels(
    rows, trees, levels
):
    frame = pd.DataFrame({"Id": range(rows), "SalePrice": 1e5 + np.arange(rows)})
    frame = frame.assign(number=np.arange(rows) % 7, Neighborhood="A")
    layout = Layout({"Neighborhood": ("A",)}, skipped=("Id", "SalePrice"))
    dataset = replace(ames_dataset(frame, frame.head(1)), layout=layout)
    fold = FoldData.fit(dataset, Settings()).training(0)
    arrays = boosting.MODEL.fit_fold(fold, 0, Settings(), lambda *_: None)
    assert arrays["column"].shape == (trees, levels)


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
    codes = np.zeros(2, np.int32)
    fitted = boosting.fit(columns, codes, target, HOW)
    check(fitted, 2)
    predicted = boosting.predict(fitted, columns)
    assert predicted == pytest.approx([target.mean()] * 6)


def test_a_column_with_one_value_and_blanks_can_be_learned_from():
    columns = np.array([[1.0], [np.nan]] * 20, np.float32)
    target = np.array([1.0, -1.0] * 20)
    codes = np.zeros(1, np.int32)
    fitted = boosting.fit(columns, codes, target, HOW)
    assert boosting.predict(fitted, columns)[:2] @ [1, -1] > 0.5
