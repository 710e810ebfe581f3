"""Hints of leaks and drift, on the real houses and on ones that were spoiled."""

import numpy as np
import pandas as pd
import pytest
from ames_columns import AMES
from scipy.stats import spearmanr
from situations import RAW
from sklearn.metrics import roc_auc_score

from pipeline.data.hints import Hint, find_hints
from pipeline.data.raw import read_test, read_train

PRICE = "SalePrice"


@pytest.fixture(scope="module")
def houses():
    train = read_train(RAW / "train.csv", AMES).drop(columns="Id")
    return train, read_test(RAW / "test.csv", AMES).frame.drop(columns="Id")


def hints_of(train, test):
    """The hints but for those about duplicates, by column."""
    found = find_hints(train, test, PRICE)
    return {each.column: each for each in found if each.about != "duplicates"}


def with_column(frames, name, of):
    return [frame.assign(**{name: of(frame)}) for frame in frames]


def test_no_column_of_the_competition_leaks_or_drifts(houses):
    assert hints_of(*houses) == {}


def test_rows_in_both_files_are_counted(houses):
    train, test = houses
    (hint,) = find_hints(train, test, PRICE)
    merged = test.drop_duplicates().merge(train, on=list(test.columns), how="inner")
    assert hint == Hint("duplicates", "", 2)
    assert len(merged) == 2
    again = pd.concat([test, train.drop(columns=PRICE).head(7)])
    assert find_hints(train, again, PRICE)[0].value == 9


def test_a_column_that_holds_the_target_is_a_leak(houses):
    train, test = houses
    noise = np.random.default_rng(0).lognormal(0, 0.02, len(train))
    frames = with_column(houses, "Tax", lambda h: 7.0)
    frames[0] = frames[0].assign(Tax=train[PRICE] * noise)
    frames[1] = frames[1].assign(Tax=train["SalePrice"].sample(len(test)).to_numpy())
    hint = hints_of(*frames)["Tax"]
    assert hint.about == "leak"
    peer = spearmanr(frames[0]["Tax"], train[PRICE]).statistic
    assert hint.value == pytest.approx(peer, abs=1e-3)


def test_a_category_that_holds_the_target_is_a_leak_but_a_name_is_not(houses):
    train, _ = houses
    bands = pd.qcut(train[PRICE], 30).astype(str)
    frames = with_column(houses, "Name", lambda h: [f"owner {n}" for n in h.index])
    frames = with_column(frames, "Band", lambda h: bands.reindex(h.index).fillna("?"))
    found = hints_of(*frames)
    assert found["Band"].about == "leak"
    assert "Name" not in found


def test_a_column_that_tells_the_files_apart_drifts(houses):
    train, test = houses
    later = test.assign(YrSold=test["YrSold"] + 1, Fence=None)
    found = hints_of(train, later)
    assert {each.about for each in found.values()} == {"drift"}
    assert set(found) == {"YrSold", "Fence"}
    is_test = np.repeat([0, 1], [len(train), len(test)])
    years = pd.concat([train["YrSold"], later["YrSold"]])
    assert found["YrSold"].value == pytest.approx(
        roc_auc_score(is_test, years), abs=1e-4
    )


def test_few_rows_give_no_hint_by_chance(houses):
    train, test = houses
    for start in range(0, 200, 20):
        few = slice(start, start + 12)
        assert hints_of(train[few].reset_index(drop=True), test[few]) == {}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["MSZoning", "LotFrontage"])
def test_a_column_without_values_gives_no_hint_and_no_warning(houses, name):
    train, test = with_column(houses, name, lambda h: h[name].iloc[:0])
    assert train[name].isna().all()
    assert hints_of(train, test) == {}
