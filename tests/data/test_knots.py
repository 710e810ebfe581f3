"""Hinges: how far a number is above a knot, for the networks and not for the trees."""

import numpy as np
import pandas as pd
import pytest
from ames_columns import AMES, to_matrix

from pipeline.ames.table import table_of
from pipeline.data.encoder import WORDS, Encoder
from pipeline.data.features import layout, prepare
from pipeline.data.raw import Frame, read_test, read_train, texts_of
from pipeline.data.schema_file import parse_schema, read_schema
from pipeline.infer.numbers import find_knots
from pipeline.infer.schema import Options, infer_schema

SCHEMA = """\
target = "y"
metric = "rmse"

[columns]
plain = { kind = "number", knots = [-1.5, 0, 2] }
long = { kind = "number", range = [0, inf], log = true, knots = [1, 20.5] }
filled = { kind = "number", blank = 5, knots = [3] }
other = { kind = "number" }
"""
HINGES = [
    "plain>-1.5",
    "plain>0",
    "plain>2",
    "long>0.6931471805599453",
    "long>3.068052935133617",
]
HINGES = [*HINGES, "filled>3"]


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "plain": generator.normal(0, 3, 40),
            "long": generator.lognormal(2, 2, 40),
            "filled": generator.uniform(0, 9, 40),
            "other": generator.normal(size=40),
            "y": generator.normal(size=40),
        }
    )
    frame.loc[3:9, ["plain", "long", "filled"]] = np.nan
    return frame


@pytest.fixture
def dataset(rows, tmp_path):
    table = table_of(parse_schema(SCHEMA, tmp_path / "schema.toml"))
    test = rows.drop(columns="y")
    return prepare(
        read_train(Frame("train", rows), table),
        read_test(Frame("test", test), table).frame,
        table,
    ).dataset


def column(matrix, name):
    return matrix.entries[:, matrix.names.index(name)]


def test_a_hinge_is_how_far_a_number_is_above_its_knot(rows, dataset):
    matrix = to_matrix(dataset.train, dataset.layout)
    assert [name for name in matrix.names if ">" in name] == HINGES
    for knot in (-1.5, 0, 2):
        expected = np.maximum(rows["plain"] - knot, 0)
        np.testing.assert_allclose(column(matrix, f"plain>{knot:g}"), expected)
    for name, knot in zip(HINGES[3:5], (1, 20.5), strict=True):
        expected = np.maximum(np.log1p(rows["long"]) - np.log1p(knot), 0)
        np.testing.assert_allclose(column(matrix, name), expected)
    expected = np.maximum(rows["filled"].fillna(5) - 3, 0)
    np.testing.assert_allclose(column(matrix, "filled>3"), expected)


def test_a_missing_number_has_missing_hinges_which_encoding_fills(rows, dataset):
    matrix = to_matrix(dataset.train, dataset.layout)
    missing = rows["plain"].isna().to_numpy()
    assert missing.sum() == 7
    for name in HINGES[:5]:
        np.testing.assert_array_equal(np.isnan(column(matrix, name)), missing)
    every = np.arange(len(rows))
    encoder = Encoder.fit(matrix, every, 1 / 9)
    encoded = encoder.transform(matrix.entries)
    place = matrix.names.index("plain>0")
    hinge = np.maximum(rows["plain"], 0)
    filled = hinge.fillna(hinge.median())
    scores = (filled - filled.mean()) / filled.std(ddof=0)
    at_mode = (filled == hinge.median()).mean()
    assert at_mode < 8 / 9
    np.testing.assert_allclose(encoded[:, place], scores, rtol=1e-5, atol=1e-6)


def test_lines_with_knots_bend_where_the_knots_are(dataset):
    generator = np.random.default_rng(1)
    numbers = np.sort(generator.uniform(-5, 5, 300))
    bent = np.where(numbers < 0, 0.5 * numbers, 3 * numbers) - 2 * np.maximum(
        numbers - 2, 0
    )
    frame = pd.DataFrame({"plain": numbers})
    matrix = to_matrix(frame, dataset.layout)
    design = np.column_stack([matrix.entries, np.ones(300)])
    fitted = np.linalg.lstsq(design, bent, rcond=None)[0]
    found = dict(zip(matrix.names, fitted, strict=False))
    assert found == pytest.approx(
        {"plain": 0.5, "plain>-1.5": 0, "plain>0": 2.5, "plain>2": -2}, abs=1e-9
    )


def test_boosting_does_not_read_hinges(dataset):
    read = WORDS.read([dataset.train], dataset.layout).names
    assert read == [
        name for name in dataset.train if name not in dataset.layout.skipped
    ]
    assert {"plain", "long", "filled"} <= set(read)


def test_houses_have_no_knots():
    assert layout(AMES, {}).knots == {}
    assert [c.name for c in AMES.schema.columns if getattr(c, "knots", ())] == []


def test_inferred_knots_are_quantiles_of_the_training_rows():
    values = np.sort(np.random.default_rng(0).normal(50, 10, 1000))
    knots = find_knots(values, np.ones(1000))
    expected = np.quantile(values, np.arange(1, 6) / 6)
    assert len(knots) == 5  # 1,000 rows make 6 pieces of 150 rows or more
    np.testing.assert_allclose(knots, expected, rtol=2e-3)
    pieces = np.histogram(values, [-np.inf, *knots, np.inf])[0]
    assert pieces.min() > 150


@pytest.mark.parametrize(("rows", "pieces"), [(299, 0), (300, 2), (900, 6), (5000, 8)])
def test_more_rows_have_more_knots_up_to_a_bound(rows, pieces):
    knots = find_knots(np.arange(rows) / 7, np.ones(rows))
    assert len(knots) == max(0, pieces - 1)
    assert knots == sorted(set(knots))


def test_few_values_have_no_knots():
    assert find_knots(np.arange(4.0), np.full(4, 250)) == []
    assert len(find_knots(np.arange(9.0), np.full(9, 250))) > 0


def test_a_value_that_most_rows_have_is_at_most_one_knot():
    knots = find_knots(np.arange(100.0), np.r_[np.ones(50), 2000, np.ones(49)])
    assert knots == [50.0]


def test_the_knots_of_an_inferred_schema_can_be_read(tmp_path):
    generator = np.random.default_rng(0)
    train = pd.DataFrame(
        {"a": generator.normal(5, 2, 700), "b": generator.lognormal(3, 2, 700)}
    ).assign(y=lambda each: each["a"] * 2)
    test = train.head(50).drop(columns="y")
    inferred = infer_schema(texts_of(train), texts_of(test), Options())
    path = tmp_path / "schema.toml"
    path.write_text(inferred.text, encoding="utf-8")
    knots = {c.name: c.knots for c in read_schema(path).columns}
    for name, own in knots.items():
        expected = np.quantile(train[name], [0.25, 0.5, 0.75])
        np.testing.assert_allclose(own, expected, rtol=0.02)
