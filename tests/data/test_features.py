"""Cleaning and built columns: each value depends on its own row only."""

import numpy as np
import pandas as pd
from ames_columns import AMES, COLUMNS
from situations import RAW

from pipeline.ames.columns import BUILT
from pipeline.data.features import build_features, clean_rows, sources
from pipeline.data.raw import read_test, read_train


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
