"""A table in another unit, or far from zero, has the same scores; wild cells harm none.

Truth is the same table in a unit that float32 holds well.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import SCHEMA as PLAIN
from small_tables import plain_project, refused_in_one_line, write_project

from pipeline import StackedMLPRegressor, load, train
from pipeline.core.errors import UserError
from pipeline.data.schema_file import parse_schema
from pipeline.data.units import Unit, deviation, find_units

ROWS = 90
DRAWN = np.random.default_rng(0).normal(size=(ROWS, 3))
TARGET = 3 * DRAWN[:, 0] - 2 * DRAWN[:, 1] + DRAWN[:, 2] ** 2
SCHEMA = """\
target = "y"
metric = "rmse"
[columns]
a = { kind = "number", knots = [%r] }
b = { kind = "number" }
c = { kind = "number" }
"""
QUICK = {"folds": 2, "seeds": 1, "epochs": 5, "trees": 20, "quiet": True}
CHANGES = {
    "a millionth of a thousandth": lambda numbers: numbers * 1e-9,
    "seconds since 1970": lambda numbers: numbers + 1.7e9,
    "a small spread far from zero": lambda numbers: numbers * 1e-3 + 1e6,
    "below float32": lambda numbers: numbers * 1e-50,
    "squares that are 0": lambda numbers: numbers * 1e-300,
    "near the end of float32": lambda numbers: numbers * 3e37,
}


def table_of(change=lambda numbers: numbers):
    return pd.DataFrame(change(DRAWN), columns=["a", "b", "c"])


def loaded(tmp_path, frame, target=TARGET, metric="rmse", knot=0.5):
    path = tmp_path / "schema.toml"
    path.write_text((SCHEMA % knot).replace("rmse", metric))
    return load(frame.head(60).assign(y=target[:60]), frame.tail(30), schema=path)


@pytest.mark.parametrize("model", ["mlp", "ridge", "boosting"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_unit_of_a_column_does_not_change_the_score(tmp_path, change, model):
    frame, knot = table_of(change), float(change(np.array(0.5)))
    found = train(loaded(tmp_path, frame, knot=knot), models=(model,), **QUICK)
    usual = train(loaded(tmp_path, table_of()), models=(model,), **QUICK)
    assert found.cv == pytest.approx(usual.cv, rel=1e-3)
    assert usual.cv < TARGET.std()
    again = found.predict(frame.tail(30))
    np.testing.assert_array_equal(again, found.test["y"])


@pytest.mark.parametrize("unit", [1e-100, 1e-30, 1e30])
@pytest.mark.parametrize("model", ["mlp", "ridge", "boosting"])
def test_the_unit_of_the_target_is_that_of_the_score(tmp_path, unit, model):
    usual = train(loaded(tmp_path, table_of()), models=(model,), **QUICK)
    data = loaded(tmp_path, table_of(), TARGET * unit)
    found = train(data, models=(model,), **QUICK)
    assert found.cv / unit == pytest.approx(usual.cv, rel=1e-4)


def test_targets_whose_squares_are_0_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"column y: the values differ by less"):
        loaded(tmp_path, table_of(), TARGET * 1e-300)


@pytest.mark.parametrize("model", ["mlp", "ridge", "boosting"])
@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_one_wild_target_does_not_harm_the_folds_without_it(tmp_path, metric, model):
    wild = TARGET.copy()
    wild[3] = 3.4e38
    found = train(loaded(tmp_path, table_of(), wild, metric), models=(model,), **QUICK)
    usual = train(loaded(tmp_path, table_of(), metric=metric), models=(model,), **QUICK)
    one, other = (each.out_of_fold.set_index("row") for each in (found, usual))
    seen = one["fold"] == one.loc[4, "fold"]
    expected = other.loc[seen, "prediction"]
    np.testing.assert_allclose(one.loc[seen, "prediction"], expected, rtol=1e-4)


def test_only_columns_that_float32_loses_get_a_unit():
    frame = pd.DataFrame({"size": DRAWN[:, 0] * 90, "year": 1990 + DRAWN[:, 1] * 30})
    frame = frame.assign(rare=0.0, blank=np.nan, noise=[0.1 + 0.2] * 45 + [0.3] * 45)
    assert find_units(frame) == {}
    frame = frame.assign(time=1.7e9 + np.arange(ROWS), wild=frame["size"])
    frame.loc[0, "time"] = 0.0
    assert find_units(frame) == {"time": Unit(1.7e9 + 44.5, 44.5)}


@pytest.mark.parametrize("weights", [None, np.arange(1.0, ROWS + 1)])
def test_a_deviation_is_that_of_numpy_to_the_last_bit(weights):
    expected = np.sqrt(np.cov(TARGET, aweights=weights, ddof=0))
    assert deviation(TARGET, weights) == pytest.approx(float(expected), rel=1e-14)
    assert deviation(TARGET) == TARGET.std()
    assert deviation(TARGET * 2.0**-900) == TARGET.std() * 2.0**-900
    assert deviation(np.ones(3)) == 0


def test_the_numbers_of_a_run_are_in_the_same_units_in_predict(pipeline, tmp_path):
    frame = table_of(lambda numbers: numbers + 1.7e9)
    schema = SCHEMA % 1.7e9
    root = write_project(
        tmp_path, frame.head(60).assign(y=TARGET[:60]), frame.tail(30), schema=schema
    )
    options = ("--model", "mlp,ridge,boosting", "--folds", 2, "--seeds", 1)
    test, out = root / "data" / "raw" / "test.csv", root / "out.csv"
    for command in (
        ("preprocess",),
        ("train", *options, "--epochs", 2),
        ("submit",),
        ("predict", test, "-o", out),
        ("report",),
    ):
        assert pipeline(*command, "--root", root).status == 0
    (submission,) = (root / "submissions").iterdir()
    assert out.read_bytes() == submission.read_bytes()


@pytest.mark.parametrize("cell", [1e39, -1e300])
@pytest.mark.parametrize("file", ["train.csv", "test.csv", "more.csv"])
def test_a_cell_beyond_float32_is_named_in_every_file(pipeline, tmp_path, file, cell):
    root = plain_project(tmp_path, PLAIN.replace(", range = [0, 100]", ""))
    raw, options = root / "data" / "raw", ("--root", root)
    if file == "more.csv":
        assert pipeline("preprocess", *options).status == 0
        quick = ("--model", "ridge", "--folds", 2)
        assert pipeline("train", *quick, *options).status == 0
    frame = pd.read_csv(raw / file.replace("more", "test"))
    frame["size"] = frame["size"].astype(float)
    frame.loc[4, "size"] = cell
    frame.to_csv(raw / file, index=False)
    command = ("preprocess",)
    if file == "more.csv":
        command = ("predict", raw / file, "-o", root / "out.csv")
    told = f"{file}: column size, line 6: '{cell}' is beyond 3.4e+38"
    result = pipeline(*command, *options)
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert told in result.err
    assert not (root / "out.csv").exists()


def test_a_cell_to_predict_beyond_float32_is_named_in_a_notebook(tmp_path):
    result = train(loaded(tmp_path, table_of()), models=("ridge",), **QUICK)
    wild = table_of().tail(3).reset_index(drop=True)
    wild.loc[1, "b"] = 1e39
    with pytest.raises(UserError, match=r"rows: column b, line 3: '1e\+39' is beyond"):
        result.predict(wild)


@pytest.mark.parametrize("model", ["mlp", "ridge", "boosting"])
def test_the_largest_numbers_of_float32_are_predicted(tmp_path, model):
    small = table_of(lambda numbers: numbers * 1e-9)
    result = train(loaded(tmp_path, small), models=(model,), **QUICK)
    wild = small.tail(6).reset_index(drop=True)
    for row, cell in enumerate([3.4e38, -3.4e38, 1e30, -1e30, 1.0, 1e9]):
        wild.iloc[row, row % 3] = cell
    predicted = result.predict(wild)
    assert np.isfinite(predicted).all()
    assert (np.abs(predicted) < 10 * np.abs(TARGET).max()).all()


@pytest.mark.parametrize("blank", ["-1", "-5", "-0.5"])
def test_a_blank_that_has_no_log_is_refused(blank):
    text = (
        SCHEMA % 0.5
        + f'd = {{ kind="number", range=[0, inf], log=true, blank={blank}}}'
    )
    with pytest.raises(UserError, match=f"column d: blank: {blank} has no log; give 0"):
        parse_schema(text, Path("schema.toml"))


def test_a_blank_beyond_float32_is_refused():
    text = SCHEMA % 0.5 + 'd = { kind = "number", blank = 1e39 }'
    with pytest.raises(UserError, match=r"column d: blank: '1e\+39' is not right"):
        parse_schema(text, Path("schema.toml"))


def test_a_column_of_columns_py_beyond_float32_is_refused(pipeline, tmp_path):
    text = 'def columns(rows):\n    return rows.assign(own=rows["size"] * 1e39)\n'
    root = plain_project(tmp_path, columns=text)
    refused_in_one_line(
        pipeline("preprocess", "--root", root), "column own: beyond 3.4e+38 in row 1"
    )


@pytest.mark.parametrize("change", [*CHANGES.values()][:3])
def test_the_estimator_does_not_depend_on_the_unit_either(change):
    def predicted(table, target=TARGET):
        model = StackedMLPRegressor(epochs=5, seeds=1, random_state=0)
        return model.fit(table, target).predict(table)

    usual = predicted(DRAWN)
    np.testing.assert_allclose(predicted(change(DRAWN)), usual, atol=1e-4)
    small = predicted(DRAWN, TARGET * 1e-300)
    np.testing.assert_allclose(small / 1e-300, usual, rtol=1e-6)


def test_the_estimator_names_a_number_beyond_float32():
    model = StackedMLPRegressor(epochs=2, seeds=1).fit(DRAWN, TARGET)
    wild = DRAWN[:4].copy()
    wild[2, 1] = 1e39
    with pytest.raises(ValueError, match=r"X: 1e\+39 in row 2, column 1: beyond 3.4e"):
        model.predict(wild)
    with pytest.raises(ValueError, match="y: "):
        model.fit(DRAWN, TARGET * 1e39)
    wild[2, 1] = 3e38
    assert np.isfinite(model.predict(wild)).all()
