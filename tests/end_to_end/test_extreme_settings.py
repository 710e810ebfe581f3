"""Extreme settings and unusual data give finite numbers and no warnings."""

import numpy as np
import pandas as pd
import pytest
from ames_columns import ames_dataset
from situations import QUICK, copy_raw, strict

from pipeline.core.settings import Settings
from pipeline.models.ensemble import cross_validate_models

pytestmark = [
    pytest.mark.filterwarnings(f"error::{kind}")
    for kind in ("RuntimeWarning", "UserWarning", "FutureWarning")
]

EXTREMES = {
    "no weight decay": ("--lambda", 0),
    "a very large weight decay": ("--lambda", 1e6),
    "both": ("--lambda", 1e6, "--lambda", 0),
    "the largest float as weight decay": ("--lambda", 1.7e308),
    "a learning rate of a thousand": ("--lr", 1e3, "--batch-size", 16),
    "a learning rate of almost 0": ("--lr", 1e-320),
    "one hidden unit": ("--hidden", 1),
    "one hidden unit after others": ("--hidden", "8,4,1"),
    "two folds": ("--folds", 2),
    "batches of one row": ("--batch-size", 1, "--epochs", 1),
    "a batch larger than the rows": ("--batch-size", 10**9),
    "one epoch": ("--epochs", 1),
    "nearly all units dropped": ("--dropout", 0.99),
    "fifty networks per fold": ("--seeds", 50),
    "the largest seed": ("--seed", 2**32 - 1),
}


def train(pipeline, root, *options):
    """Train and submit; return the record and the run's folder."""
    result = pipeline("train", "--root", root, *QUICK, *options, "--json")
    assert (result.status, result.err) == (0, "")
    record = strict(result.out)
    assert pipeline("submit", "--root", root).status == 0
    return record, root / "runs" / record["run_id"]


def check(record, folder):
    """Check that all numbers are finite, and prices within those of training."""
    settings, scores = record["settings"], record["scores"]
    assert record["diverged"] == []
    for score in scores:
        assert len(score["folds"]) == settings["folds"]
        rest = [score[name] for name in ("mean", "std", "pooled")]
        assert np.isfinite([*score["folds"], *rest]).all()
    history = pd.read_csv(folder / "history.csv")
    networks = settings["folds"] * settings["seeds"] * len(settings["lambdas"])
    assert len(history) == networks * settings["epochs"]
    assert np.isfinite(history).all(axis=None)
    oof = pd.read_csv(folder / "oof.csv")
    test = pd.read_csv(folder / "predictions.csv")["SalePrice"]
    cents = 0.01
    for prices in (oof["prediction"], test):
        assert prices.min() >= oof["SalePrice"].min() - cents
        assert prices.max() <= oof["SalePrice"].max() + cents


@pytest.mark.parametrize("extreme", EXTREMES)
def test_extreme_settings_give_finite_numbers(extreme, pipeline, trained_project):
    check(*train(pipeline, trained_project, *EXTREMES[extreme]))


def project_of(pipeline, root, rows, prices=None):
    """Return a preprocessed project of the first rows, with these prices if given."""
    copy_raw(root, rows)
    if prices is not None:
        path = root / "data" / "raw" / "train.csv"
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table.assign(SalePrice=prices).to_csv(path, index=False)
    assert pipeline("preprocess", "--root", root).status == 0
    return root


def test_as_many_folds_as_houses_score_each_house_alone(pipeline, tmp_path):
    root = project_of(pipeline, tmp_path, 40)
    record, folder = train(pipeline, root, "--folds", 40)
    check(record, folder)
    raw = pd.read_csv(root / "data" / "raw" / "train.csv", keep_default_na=False)
    assert (raw["Neighborhood"].value_counts() == 1).any()  # unseen in its fold
    oof = pd.read_csv(folder / "oof.csv")
    assert sorted(oof["fold"]) == list(range(1, 41))
    errors = np.log(oof["prediction"] / oof["SalePrice"]).abs()
    (score,) = record["scores"]
    by_fold = errors[oof["fold"].argsort()]
    assert score["folds"] == pytest.approx(by_fold, abs=1e-6)
    assert score["std"] == pytest.approx(by_fold.std(), abs=1e-6)
    assert score["pooled"] == pytest.approx((by_fold**2).mean() ** 0.5, abs=1e-6)
    shown = pipeline("train", "--root", root, *QUICK, "--folds", 40)
    assert "best fold" in shown.out


UNUSUAL = {
    "two houses": (2, None),
    "three houses": (3, None),
    "prices that are all but one the same": (30, [*["150000"] * 29, "150001"]),
    "prices from one dollar to a billion": (30, [*["1", "1000000000"] * 15]),
}


@pytest.mark.parametrize("data", UNUSUAL)
def test_unusual_data_give_finite_numbers(data, pipeline, tmp_path):
    root = project_of(pipeline, tmp_path, *UNUSUAL[data])
    check(*train(pipeline, root, "--folds", 2))


def test_houses_of_one_price_are_predicted_at_that_price(train_features, test_features):
    train = train_features.head(40).assign(SalePrice=150_000)
    houses = ames_dataset(train, test_features.head(9))
    settings = Settings(models=("mlp",), epochs=2, hidden=(8,), lambdas=(0.0, 5.0))
    result = cross_validate_models(houses, settings, lambda *_: None, 1)
    predictions = result.members[0].predictions
    for logs in (predictions.out_of_fold, predictions.test):
        np.testing.assert_allclose(np.exp(logs), 150_000)


def test_a_very_large_weight_decay_predicts_one_price_per_fold(
    pipeline, trained_project
):
    options = ("--lambda", 1e6, "--epochs", 9, "--batch-size", 16)
    _, folder = train(pipeline, trained_project, *options)
    oof = pd.read_csv(folder / "oof.csv")
    for fold, own in oof.groupby("fold"):
        median = own["prediction"].median()
        trained_on = oof[oof["fold"] != fold]["SalePrice"]
        assert trained_on.quantile(0.4) < median < trained_on.quantile(0.7)
        # The others are clipped to the upper bound of their neighbourhood.
        assert (own["prediction"] <= median * 1.01).all()
        assert own["prediction"].between(median * 0.99, median * 1.01).mean() > 0.7
