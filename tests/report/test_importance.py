"""Column importance, of networks whose predictions are known."""

import numpy as np
import pandas as pd
import pytest
from ames_columns import AMES, LAYOUT

from pipeline.analysis import importance
from pipeline.analysis.importance import importances
from pipeline.core.metrics import LOG_RMSE
from pipeline.data.encoder import EXPANDED
from pipeline.data.features import build_features, clean_rows
from pipeline.data.raw import read_train
from pipeline.runs.predictor import Predictor
from pipeline.runs.store import find_run


class Known:
    """The networks of two folds, which predict the sum of some columns."""

    table, layout, metric, views = AMES, LAYOUT, LOG_RMSE, [EXPANDED]

    def __init__(self, *names):
        self.names = names
        self.seen = np.zeros(2, int)

    def read(self, features):
        matrix = EXPANDED.read([features], LAYOUT)
        self.columns = matrix.names
        return {EXPANDED.name: matrix.entries}

    def positions(self, view, names):
        return [self.columns.index(name) for name in names]

    def predict_by_fold(self, entries, places, fold):
        (rows,) = entries.values()
        assert len(places) == len(rows) == len(fold)
        self.seen += np.bincount(fold, minlength=2)
        columns = self.positions(EXPANDED, self.names)
        return np.exp(rows[:, columns].astype(float).sum(axis=1))


@pytest.fixture
def some_columns(monkeypatch):
    """Use these columns only, since all of them take a second."""
    names = "MSZoning LotFrontage OverallQual TotalBsmtSF GrLivArea GarageCars Fence"
    some = [name for name in AMES.schema.names if name in names.split()]
    monkeypatch.setattr(importance, "_names", lambda _: some)
    return some


@pytest.fixture
def houses(folders):
    return clean_rows(read_train(folders.raw / "train.csv", AMES), AMES).frame


@pytest.mark.usefixtures("some_columns")
def test_only_the_columns_that_the_networks_read_matter(houses):
    fold = np.arange(len(houses)) % 2
    known = Known("LotFrontage", "MSZoning=RM", "GarageCars")
    houses = houses.fillna({"LotFrontage": 60})
    found = {each.column: each for each in importances(known, houses, fold)}
    for name in ("LotFrontage", "MSZoning", "GarageCars"):
        assert all(abs(each) > 1e-6 for each in found[name].increases)
    read = {name for name, each in found.items() if any(each.increases)}
    assert read == {"LotFrontage", "MSZoning", "GarageCars"}


@pytest.mark.usefixtures("some_columns")
def test_columns_built_from_a_column_are_shuffled_with_it(houses):
    found = importances(Known("QualityTimesSF"), houses, np.zeros(len(houses), int))
    read = {each.column for each in found if any(each.increases)}
    assert read == {"OverallQual", "TotalBsmtSF", "GrLivArea"}


@pytest.mark.usefixtures("some_columns")
def test_the_increase_is_the_log_rmse_after_minus_that_before(houses):
    known = Known("GarageCars")
    fold = np.zeros(len(houses), int)
    found = {each.column: each for each in importances(known, houses, fold)}
    cars = houses["GarageCars"].to_numpy()
    error = cars - np.log(houses["SalePrice"].to_numpy())
    before = np.sqrt(np.mean(error**2))
    # Shuffling keeps mean and variance of both parts, and removes their covariance.
    apart = cars.var() + np.log(houses["SalePrice"]).var(ddof=0) + error.mean() ** 2
    assert found["GarageCars"].mean == pytest.approx(np.sqrt(apart) - before, abs=0.03)


def test_building_and_predicting_only_what_changes_is_the_same_as_all(
    folders, houses, some_columns
):
    run = find_run(folders)
    predictor = Predictor.load(run)
    fold = pd.read_csv(run.folder / "oof.csv")["fold"].to_numpy() - 1
    price = houses["SalePrice"].to_numpy()

    def score(copy):
        features = build_features(copy, AMES)
        entries, places = predictor.read(features), features["Neighborhood"]
        predicted = predictor.predict_by_fold(entries, places, fold)
        return LOG_RMSE.score(predicted, price)

    generator = np.random.default_rng(0)
    expected = {}
    for name in some_columns:
        shuffled = []
        for _ in range(importance.SHUFFLES):
            cells = houses[name].iloc[generator.permutation(len(houses))].array
            shuffled.append(score(houses.assign(**{name: cells})))
        expected[name] = np.array(shuffled) - score(houses)
    found = {
        each.column: each.increases for each in importances(predictor, houses, fold)
    }
    for name, increases in expected.items():
        np.testing.assert_allclose(found[name], increases, rtol=0, atol=1e-7)


def test_of_a_long_file_a_sample_of_houses_is_used(houses, some_columns, monkeypatch):
    monkeypatch.setattr(importance, "MOST_ROWS", 50)
    known = Known("GarageCars")
    importances(known, houses, np.arange(len(houses)) % 2)
    assert 50 < sum(known.seen) <= 50 * (1 + len(some_columns) * importance.SHUFFLES)
