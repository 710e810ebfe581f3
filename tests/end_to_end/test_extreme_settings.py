"""Far ends of every setting, and odd data: numbers stay numbers, and nothing warns."""

import numpy as np
import pandas as pd
import pytest
from situations import QUICK, copy_raw, strict

from pipeline.core.settings import Settings
from pipeline.validation.cross_validate import cross_validate

pytestmark = [
    pytest.mark.filterwarnings(f"error::{kind}")
    for kind in ("RuntimeWarning", "UserWarning", "FutureWarning")
]

FAR_ENDS = {
    "no weight decay": ("--lambda", 0),
    "a weight decay beyond all bounds": ("--lambda", 1e6),
    "both": ("--lambda", 1e6, "--lambda", 0),
    "the largest float as weight decay": ("--lambda", 1.7e308),
    "a learning rate of a thousand": ("--lr", 1e3, "--batch-size", 16),
    "a learning rate of nearly nothing": ("--lr", 1e-320),
    "one hidden unit": ("--hidden", 1),
    "one hidden unit after others": ("--hidden", "8,4,1"),
    "two folds": ("--folds", 2),
    "batches of one row": ("--batch-size", 1, "--epochs", 1),
    "a batch larger than the rows": ("--batch-size", 10**9),
    "one epoch": ("--epochs", 1),
    "nearly all units dropped": ("--dropout", 0.99),
    "fifty networks a fold": ("--seeds", 50),
    "the largest seed": ("--seed", 2**32 - 1),
}


def train(pipeline, root, *options):
    """Train and submit, and give the record and the run's folder."""
    result = pipeline("train", "--root", root, *QUICK, *options, "--json")
    assert (result.status, result.err) == (0, "")
    record = strict(result.out)
    assert pipeline("submit", "--root", root).status == 0
    return record, root / "runs" / record["run_id"]


def check(record, folder):
    """All is there and finite, and prices are within those of training."""
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


@pytest.mark.parametrize("end", FAR_ENDS)
def test_the_far_ends_of_a_setting_leave_finite_numbers(end, pipeline, trained_project):
    check(*train(pipeline, trained_project, *FAR_ENDS[end]))


def project_of(pipeline, root, rows, prices=None):
    """A preprocessed project of some rows, with other prices if any are given."""
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
    assert (raw["Neighborhood"].value_counts() == 1).any()  # its fold never saw it
    oof = pd.read_csv(folder / "oof.csv")
    assert sorted(oof["fold"]) == list(range(40))
    errors = np.log(oof["prediction"] / oof["SalePrice"]).abs()
    (score,) = record["scores"]
    by_fold = errors[oof["fold"].argsort()]
    assert score["folds"] == pytest.approx(by_fold, abs=1e-6)
    assert score["std"] == pytest.approx(by_fold.std(), abs=1e-6)
    assert score["pooled"] == pytest.approx((by_fold**2).mean() ** 0.5, abs=1e-6)
    shown = pipeline("train", "--root", root, *QUICK, "--folds", 40)
    assert "best fold" in shown.out


ODD = {
    "two houses": (2, None),
    "three houses": (3, None),
    "prices that are all but one the same": (30, [*["150000"] * 29, "150001"]),
    "prices from one dollar to a billion": (30, [*["1", "1000000000"] * 15]),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_houses_leave_finite_numbers(odd, pipeline, tmp_path):
    root = project_of(pipeline, tmp_path, *ODD[odd])
    check(*train(pipeline, root, "--folds", 2))


def test_houses_of_one_price_are_predicted_at_that_price(train_features, test_features):
    houses = train_features.head(40).assign(SalePrice=150_000), test_features.head(9)
    settings = Settings(epochs=2, hidden=(8,), lambdas=(0.0, 5.0))
    result = cross_validate(*houses, settings, lambda *_: None, 1)
    for prices in (result.out_of_fold, result.test):
        np.testing.assert_allclose(prices, 150_000)


def test_a_weight_decay_beyond_all_bounds_prices_all_houses_of_a_fold_alike(
    pipeline, trained_project
):
    options = ("--lambda", 1e6, "--epochs", 9, "--batch-size", 16)
    _, folder = train(pipeline, trained_project, *options)
    oof = pd.read_csv(folder / "oof.csv")
    for fold, own in oof.groupby("fold"):
        usual = own["prediction"].median()
        middle = oof[oof["fold"] != fold]["SalePrice"]
        assert middle.quantile(0.4) < usual < middle.quantile(0.7)
        # (What is left is cut at the dearest of its neighbourhood.)
        assert (own["prediction"] <= usual * 1.01).all()
        assert own["prediction"].between(usual * 0.99, usual * 1.01).mean() > 0.7
