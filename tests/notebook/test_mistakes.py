"""Mistakes are answered in Python's terms, and what is shown is short."""

from inspect import signature

import numpy as np
import pytest

import pipeline
from pipeline import load, train
from pipeline.core.settings import Settings

QUICK = {"models": "ridge", "folds": 2, "quiet": True}


@pytest.fixture
def data(rows, schema):
    return load(*rows, schema=schema, quiet=True)


def test_tab_completion_knows_the_names_of_the_package():
    assert {"load", "train", "open_run", "StackedMLPRegressor"} <= {*dir(pipeline)}


def test_the_settings_are_arguments_with_the_defaults_of_the_command_line():
    arguments = signature(train).parameters
    usual = Settings()
    shared = [name for name in arguments if hasattr(usual, name)]
    assert len(shared) == 12
    for name in shared:
        assert arguments[name].default == getattr(usual, name)


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"model": "mlp"}, TypeError, "unexpected keyword argument 'model'"),
        ({"folds": 1}, ValueError, r"^folds=1: must be 2 or more$"),
        ({"folds": "5"}, TypeError, "^folds='5': must be an integer$"),
        ({"folds": None}, TypeError, "^folds=None: must be an integer$"),
        ({"epochs": 2.5}, TypeError, "^epochs=2.5: must be an integer$"),
        ({"lr": "fast"}, TypeError, "^lr='fast': must be a number$"),
        ({"models": 3}, TypeError, "^models=3: must be a text$"),
        (
            {"models": "mpl"},
            ValueError,
            "^models=mpl: give one of mlp, boosting, ridge",
        ),
        ({"lambdas": [1, -1]}, ValueError, "^lambdas=-1: must be 0 or more"),
        ({"lambdas": [1, 1]}, ValueError, "^lambdas: each value may be given once$"),
        ({"batch_size": 0}, ValueError, "^batch_size=0: must be 1 or more$"),
    ],
)
def test_a_wrong_setting_is_named_as_an_argument(data, settings, error, told):
    with pytest.raises(error, match=told):
        train(data, **settings)


def test_numbers_of_numpy_and_single_values_are_settings(data):
    given = {"lambdas": np.float64(2), "hidden": np.int64(8), "epochs": np.int32(2)}
    result = train(data, **QUICK | given | {"models": ["mlp"], "seeds": 1})
    assert list(result.scores["lambda"]) == [2.0]
    plain = {"lambdas": (2,), "hidden": (8,), "epochs": 2, "models": ("mlp",)}
    same = train(data, **QUICK | plain | {"seeds": 1})
    np.testing.assert_array_equal(same.test["y"], result.test["y"])


def test_what_is_no_frame_is_refused_with_what_to_do(rows, data):
    with pytest.raises(TypeError, match=r"train: .* not str; read the file first: pd"):
        load("train.csv", rows[1])
    with pytest.raises(TypeError, match=r"test: .* not ndarray; pd.DataFrame\("):
        load(rows[0], rows[1].to_numpy())
    with pytest.raises(TypeError, match="unexpected keyword argument 'trget'"):
        load(*rows, trget="y")
    with pytest.raises(TypeError, match=r"data: .* not DataFrame"):
        train(rows[0])
    with pytest.raises(TypeError, match="rows: must be a pandas DataFrame"):
        train(data, **QUICK).predict(rows[1].to_numpy())
    with pytest.raises(ValueError, match=r"^metric=speed: unknown"):
        load(*rows, metric="speed")


def test_names_of_columns_may_be_integers(rows):
    own, test = (each.set_axis(range(len(each.columns)), axis=1) for each in rows)
    result = train(load(own, test, id=0, target=6, quiet=True), **QUICK)
    assert list(result.test.columns) == ["0", "6"]
    np.testing.assert_array_equal(result.predict(test), result.test["6"])


def test_data_and_results_are_shown_in_a_few_lines(frames, result):
    text = repr(load(*frames, quiet=True))
    assert "training rows: 120\n  test rows: 120\n" in text
    assert "target: SalePrice (log-RMSE)\n  columns: 79, of which 44 are words" in text
    shown = repr(result)
    assert shown.startswith(f"log-RMSE {result.cv:.4f} over 120 rows")
    assert "mlp      1  1.0000" in shown
    for each in (text, shown):
        assert len(each.splitlines()) < 10
        assert max(map(len, each.splitlines())) <= 100


def test_a_notebook_shows_tables(frames, result):
    html = load(*frames, quiet=True)._repr_html_()
    assert "<th>target</th>" in html
    assert "<td>SalePrice (log-RMSE)</td>" in html
    shown = result._repr_html_()
    assert f"<td>{result.scores['fold 1'][0]:.4f}</td>" in shown
    assert max(len(html), len(shown)) < 2000


def test_names_of_a_frame_are_text_in_what_a_notebook_shows(rows):
    own, test = (each.rename(columns={"id": "<b>id"}) for each in rows)
    html = load(own, test, target="y", quiet=True)._repr_html_()
    assert "&lt;b&gt;id" in html
    assert "<b>" not in html
