"""Cleaning and built columns: each value depends on its own row only."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ames_columns import AMES, COLUMNS
from situations import RAW

from pipeline.ames import ames_schema
from pipeline.ames.columns import BUILT
from pipeline.ames.table import table_of
from pipeline.core.errors import UserError
from pipeline.data.features import build_features, clean_rows, layout, sources
from pipeline.data.raw import Frame, read_test, read_train
from pipeline.data.schema_file import parse_schema


def test_a_row_alone_gives_the_same_values_as_in_the_whole_file(train_features):
    raw = read_train(RAW / "train.csv", AMES).iloc[[700]]
    alone = build_features(clean_rows(raw, AMES).frame, AMES)
    pd.testing.assert_frame_equal(alone, train_features.iloc[[700]])


def test_the_argument_is_not_changed():
    raw = read_test(RAW / "test.csv", AMES).frame
    before = raw.copy()
    build_features(clean_rows(raw, AMES).frame, AMES)
    pd.testing.assert_frame_equal(raw, before)


def test_a_garage_of_the_year_2207_gets_the_year_of_the_house():
    cleaned = clean_rows(read_test(RAW / "test.csv", AMES).frame, AMES)
    house = cleaned.frame.set_index("Id").loc[2593]
    assert house["GarageYrBlt"] == house["YearBuilt"] == 2006
    assert any(a.first_id == 2593 for a in cleaned.assumptions)


def test_a_pool_without_a_quality_has_a_missing_quality_and_not_none(test_features):
    houses = test_features.set_index("Id")
    assert np.isnan(houses.loc[2421, "PoolQC"])
    assert houses.loc[1461, "PoolQC"] == 0


def test_a_house_without_a_basement_has_a_basement_of_size_zero(test_features):
    assert test_features.set_index("Id").loc[2121, "TotalBsmtSF"] == 0


def test_ordered_categories_become_ranks_from_worst_to_best(train_features):
    raw = read_train(RAW / "train.csv", AMES)
    ranks = train_features.groupby(raw["KitchenQual"], observed=True)["KitchenQual"]
    assert ranks.first().to_dict() == {"Fa": 2.0, "TA": 3.0, "Gd": 4.0, "Ex": 5.0}


def test_a_feature_changes_only_with_the_columns_it_is_computed_from(train_features):
    clean = clean_rows(read_train(RAW / "train.csv", AMES), AMES).frame.iloc[:200]
    before = build_features(clean, AMES)
    computed_from = sources(AMES)
    for column in COLUMNS:
        cells = clean[column.name].iloc[::-1].array
        after = build_features(clean.assign(**{column.name: cells}), AMES)
        changed = {name for name in before if not after[name].equals(before[name])}
        named = {name for name, own in computed_from.items() if column.name in own}
        assert changed <= named, column.name
    assert set(computed_from) == set(train_features.columns.drop(["Id", "SalePrice"]))


def test_every_built_column_is_finite_if_its_sources_are(train_features):
    missing = {"ExposureTimesBasement": 1}  # Id 949, whose exposure is missing
    for name in BUILT:
        count = (~np.isfinite(train_features[name])).sum()
        assert count == missing.get(name, 0), name


def dated(keys):
    """A table of one column of dates."""
    text = 'target = "y"\nmetric = "rmse"\ncolumns.at = { kind = "date", %s }\n'
    return table_of(parse_schema(text % keys, Path("schema.toml")))


def features_of(texts, table):
    rows = read_test(Frame("rows", pd.DataFrame({"at": texts})), table).frame
    return build_features(clean_rows(rows, table).frame, table).drop(columns="row")


def test_a_date_becomes_its_parts():
    every = 'parts = ["year", "month", "day of year", "weekday", "hour"]'
    table = dated(f'format = "ISO8601", {every}')
    found = features_of(["2019-12-31T18:45:00-05:00", "2020-02-01", ""], table)
    expected = pd.DataFrame(
        {
            "at year": [2019 + 364 / 366, 2020 + 31 / 366, np.nan],
            "at month": [12, 2, np.nan],
            "at day of year": [365, 32, np.nan],
            "at weekday": ["Tue", "Sat", None],
            "at hour": [18.75, 0, np.nan],
        }
    )
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert layout(table, {}).words["at weekday"][0] == "Mon"
    assert layout(table, {}).knots["at hour"] == (3, 6, 9, 12, 15, 18, 21)


def test_a_part_of_a_date_gets_an_underscore_where_the_table_has_its_name():
    text = """
    target = "at year"
    metric = "rmse"
    [columns]
    at = { kind = "date", format = "%Y-%m-%d", parts = ["day of year", "year"] }
    "at day of" = { kind = "date", format = "%Y-%m-%d", parts = ["year"] }
    self = { kind = "ordered", vocabulary = ["low", "high"] }
    """
    table = table_of(parse_schema(text, Path("schema.toml")))
    rows = pd.DataFrame(
        {"at": ["2019-01-02"], "at day of": ["2020-01-01"], "self": ["high"]}
    )
    train = pd.concat([rows, rows]).assign(**{"at year": [1.5, 2.5]})
    cleaned = clean_rows(read_train(Frame("train", train), table), table).frame
    (first, _) = build_features(cleaned, table).to_dict("records")
    assert first == {
        "row": 1,
        "self": 2,
        "at year": 1.5,
        "at day of year": 2,
        "at year_": pytest.approx(2019 + 1 / 365),
        "at day of year_": 2020,
    }


@pytest.mark.parametrize("named", ['"Size" = { kind = "number" }', ""])
def test_a_column_may_not_have_the_name_of_a_built_column_of_ames(named):
    text = ames_schema().text + named
    if not named:
        text = text.replace('target = "SalePrice"', 'target = "Size"')
    schema = parse_schema(text, Path("schema.toml"))
    with pytest.raises(UserError, match="features ames: computes a column Size; ren"):
        table_of(schema)


def test_without_parts_a_date_becomes_its_year_and_month():
    assert list(features_of(["08/29/2019"], dated('format = "%m/%d/%Y"'))) == [
        *("at year", "at month")
    ]


def test_datetimes_of_a_frame_are_read_in_any_format():
    table = dated('format = "%m/%d/%Y %I:%M %p", parts = ["hour"]')
    times = pd.to_datetime(["2019-08-29 00:00", "2019-08-29 15:30"])
    assert features_of(times, table)["at hour"].tolist() == [0, 15.5]


@pytest.mark.parametrize(
    "text",
    ["today", "now", "2019-8", "20190829", "2019-08-32", "0000-01-01", "-001-01-01"],
)
@pytest.mark.parametrize("form", ["%Y-%m-%d", "ISO8601"])
def test_what_is_no_date_is_refused(text, form):
    with pytest.raises(UserError, match=r"column at, line 3: .* is not a date"):
        features_of(["2019-08-29", text], dated(f'format = "{form}"'))
