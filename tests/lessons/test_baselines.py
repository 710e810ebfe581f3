"""The ladder on the houses, and the book's published figure."""

import json

import numpy as np
import pandas as pd
import pytest
from situations import RAW, REPOSITORY, copy_raw

from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.lessons.house_prices import PUBLISHED, run_book
from pipeline.runs.record import newest_ladder
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


def test_the_books_own_program_gives_the_published_score_of_every_fold():
    price = pd.read_csv(RAW / "train.csv")["SalePrice"].to_numpy()
    book = run_book(Project(REPOSITORY), seed=0)
    scores = [log_rmse(book.out_of_fold[f.valid], price[f.valid]) for f in book.folds]
    published = [0.1569, 0.1909, 0.1688, 0.1549, 0.1831]
    np.testing.assert_allclose(scores, published, atol=0.002)
    assert np.mean(scores) == pytest.approx(PUBLISHED, abs=0.004)
    assert [fold.valid[0] for fold in book.folds] == [0, 292, 584, 876, 1168]


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    """The record of a ladder on the first 120 houses, and its project's root."""
    root = copy_raw(tmp_path_factory.mktemp("ladder") / "small", rows=120)
    up_to_date.preprocess(Project(root), force=False)
    settings = Settings()
    ladder = up_to_date.baselines(Project(root), settings, lambda *_: None, force=False)
    return ladder.record, root


def test_the_ladder_is_a_run_whose_rungs_can_be_submitted(pipeline, ladder):
    record, root = ladder
    assert [rung["name"] for rung in record["rungs"]] == NAMES
    run = record["run_id"]
    for rung in record["rungs"]:
        oof = pd.read_csv(root / "runs" / run / "rungs" / rung["name"] / "oof.csv")
        score = log_rmse(oof["prediction"].to_numpy(), oof["SalePrice"].to_numpy())
        assert rung["pooled"] == pytest.approx(score, rel=1e-4)
        assert len(rung["folds"]) == 5
    submitted = pipeline("submit", "--root", root, "--run", run, "--rung", "mlp-torch")
    assert submitted.status == 0
    path = root / "submissions" / f"{run}-mlp-torch.csv"
    rung = pd.read_csv(root / "runs" / run / "rungs" / "mlp-torch" / "predictions.csv")
    pd.testing.assert_frame_equal(pd.read_csv(path), rung)
    assert run in pipeline("runs", "--root", root).out


def test_scratch_and_torch_stand_on_nearly_one_height(ladder):
    pooled = {rung["name"]: rung["pooled"] for rung in ladder[0]["rungs"]}
    assert pooled["linear-scratch"] == pytest.approx(pooled["linear-torch"], abs=0.01)
    assert pooled["mlp-scratch"] == pytest.approx(pooled["mlp-torch"], abs=0.02)
    assert pooled["linear-scratch"] < 0.6 * pooled["mean-price"]


def test_softmax_tells_the_band_of_more_houses_than_chance_would(ladder):
    accuracy = {rung["name"]: rung["accuracy"] for rung in ladder[0]["rungs"]}
    assert 0.2 < accuracy.pop("softmax-bands") < 0.9
    assert set(accuracy.values()) == {None}


def test_a_ladder_that_is_up_to_date_is_skipped(pipeline, ladder):
    record, root = ladder
    assert "is up to date" in pipeline("baselines", "--root", root).out
    again = json.loads(pipeline("baselines", "--root", root, "--json").out)
    assert again == {**json.loads(json.dumps(record)), "skipped": True}


def test_a_rung_that_is_not_there_is_answered_with_those_that_are(pipeline, ladder):
    result = pipeline("submit", "--root", ladder[1], "--rung", "forest")
    assert result.status == 2
    assert "--rung forest: the rungs are mean-price, linear-scratch" in result.err


def test_the_report_shows_the_ladder(ladder):
    record, root = ladder
    found = newest_ladder(Project(root))
    assert found.run_id == record["run_id"]
    assert [rung.name for rung in found.rungs] == NAMES
    assert [r.pooled for r in found.rungs] == [r["pooled"] for r in record["rungs"]]
