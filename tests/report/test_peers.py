"""The place of a run among the scores of other models."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from situations import RAW, REPOSITORY

from pipeline.ames import DIGESTS
from pipeline.analysis.advice import CROSS_VALIDATED, LEADERBOARD, comparison
from pipeline.cli.train import show_scores
from pipeline.core.metrics import LOG_RMSE
from pipeline.lessons.house_prices import PUBLISHED
from pipeline.validation.folds import make_folds


@pytest.fixture
def on_the_competition(facts):
    """A run on the competition's own rows, with a made-up score."""
    inputs = {f"data/raw/{name}": digest for name, digest in DIGESTS.items()}
    return replace(facts.run, inputs=inputs, cv=0.15)


def names(peers):
    return [peer.name for peer in peers]


def test_a_run_stands_between_the_models_that_are_worse_and_better(on_the_competition):
    shown = comparison(on_the_competition)
    assert names(shown["cross-validated"])[1:4] == ["the book", "this run", "ridge"]
    assert "this run" not in names(shown["on the leaderboard"])
    sent = comparison(on_the_competition, leaderboard=0.12)["on the leaderboard"]
    assert names(sent)[2:5] == ["ridge", "this run", "tuned boosting"]


def test_a_run_on_other_data_is_not_compared(facts):
    assert comparison(facts.run) == {}


def test_a_run_of_another_metric_or_target_is_not_compared(on_the_competition):
    run = on_the_competition
    assert comparison(replace(run, metric="rmse")) == {}
    schema = run.schema.replace('target = "SalePrice"', 'target = "Price"')
    assert schema != run.schema
    assert comparison(replace(run, schema=schema)) == {}


def test_the_terminal_places_the_score(on_the_competition, capsys):
    show_scores(on_the_competition)
    shown = " ".join(capsys.readouterr().out.split())
    assert "the book 0.1709, this run 0.1500, ridge 0.1327, tuned boosting" in shown
    assert "best public without leaked answers 0.1162" in shown


def test_the_score_of_the_mean_price_is_that_of_five_folds():
    price = pd.read_csv(RAW / "train.csv")["SalePrice"].to_numpy()
    predicted = np.empty(len(price))
    for fold in make_folds(len(price), 5, seed=0):
        predicted[fold.valid] = np.exp(np.log(price[fold.train]).mean())
    score = dict(CROSS_VALIDATED)["mean price"]
    assert LOG_RMSE.score(predicted, price) == pytest.approx(score, abs=0.001)


def test_the_book_has_its_published_score():
    assert dict(CROSS_VALIDATED)["the book"] == PUBLISHED


def test_scores_of_the_leaderboard_are_those_of_the_documentation():
    page = (REPOSITORY / "docs" / "score.md").read_text(encoding="utf-8")
    scores = {peer.name: f"{peer.score:.4f}"[1:] for peer in LEADERBOARD}
    for written, name in (
        ("best public submission without leaked answers", LEADERBOARD[-1].name),
        ("CatBoost, tuned", "tuned boosting"),
        ("ridge regression", "ridge"),
    ):
        assert f"| {written} | {scores[name]} |" in page
