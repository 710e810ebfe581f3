"""The baselines on the house prices, and the book's published score."""

import json

import numpy as np
import pandas as pd
import pytest
from situations import RAW, REPOSITORY, copy_raw

from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.lessons.house_prices import PUBLISHED, run_book
from pipeline.runs.store import newest_baselines
from pipeline.stages import up_to_date
from pipeline.validation.metrics import log_rmse

NAMES = [
    "mean-price",
    "linear-scratch",
    "linear-torch",
    "book",
    "softmax-bands",
    "mlp-scratch",
    "mlp-torch",
    "mlp-weight-decay",
    "mlp-dropout",
    "train",
]


def test_the_books_program_gives_the_published_score_of_every_fold():
    price = pd.read_csv(RAW / "train.csv")["SalePrice"].to_numpy()
    book = run_book(Project(REPOSITORY), seed=0)
    scores = [log_rmse(book.out_of_fold[f.valid], price[f.valid]) for f in book.folds]
    published = [0.1569, 0.1909, 0.1688, 0.1549, 0.1831]
    np.testing.assert_allclose(scores, published, atol=0.002)
    assert np.mean(scores) == pytest.approx(PUBLISHED, abs=0.004)
    assert [fold.valid[0] for fold in book.folds] == [0, 292, 584, 876, 1168]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The run of `baselines` on the first 120 houses, and its project's root."""
    root = copy_raw(tmp_path_factory.mktemp("baselines") / "small", rows=120)
    up_to_date.preprocess(Project(root), force=False)
    outcome = up_to_date.baselines(
        Project(root), Settings(models=("mlp",)), lambda *_: None, force=False
    )
    return outcome.result, root


def test_every_baseline_is_saved_and_can_be_submitted(pipeline, trained):
    run, root = trained
    assert [baseline.name for baseline in run.baselines] == NAMES
    for baseline in run.baselines:
        oof = pd.read_csv(run.folder / "rungs" / baseline.name / "oof.csv")
        score = log_rmse(oof["prediction"].to_numpy(), oof["SalePrice"].to_numpy())
        assert baseline.pooled == pytest.approx(score, rel=1e-4)
        assert len(baseline.folds) == 5
    command = ("submit", "--root", root, "--run", run.run_id, "--rung", "mlp-torch")
    assert pipeline(*command).status == 0
    submission = pd.read_csv(root / "submissions" / f"{run.run_id}-mlp-torch.csv")
    predictions = pd.read_csv(run.folder / "rungs" / "mlp-torch" / "predictions.csv")
    pd.testing.assert_frame_equal(submission, predictions)
    assert run.run_id in pipeline("runs", "--root", root).out


def test_scratch_and_torch_have_nearly_the_same_score(trained):
    pooled = {baseline.name: baseline.pooled for baseline in trained[0].baselines}
    assert pooled["linear-scratch"] == pytest.approx(pooled["linear-torch"], abs=0.01)
    assert pooled["mlp-scratch"] == pytest.approx(pooled["mlp-torch"], abs=0.02)
    assert pooled["linear-scratch"] < 0.6 * pooled["mean-price"]


def test_softmax_predicts_the_price_band_better_than_chance(trained):
    accuracy = {baseline.name: baseline.accuracy for baseline in trained[0].baselines}
    assert 0.2 < accuracy.pop("softmax-bands") < 0.9
    assert set(accuracy.values()) == {None}


def test_baselines_that_are_up_to_date_are_skipped(pipeline, trained):
    run, root = trained
    assert "is up to date" in pipeline("baselines", "--root", root).out
    again = json.loads(pipeline("baselines", "--root", root, "--json").out)
    assert again == {**json.loads(json.dumps(run.to_json())), "skipped": True}


def test_an_unknown_baseline_is_refused_with_the_names_there_are(pipeline, trained):
    result = pipeline("submit", "--root", trained[1], "--rung", "forest")
    assert result.status == 2
    assert "--rung forest: not in " in result.err
    assert "its baselines are mean-price, linear-scratch, linear-torch" in result.err


def test_the_newest_baselines_are_found_for_the_report(trained):
    run, root = trained
    found = newest_baselines(Project(root))
    assert found.run_id == run.run_id
    assert [baseline.name for baseline in found.baselines] == NAMES
    assert [b.pooled for b in found.baselines] == [b.pooled for b in run.baselines]
