"""The baselines on the house prices, and the book's published score."""

import json
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
import torch
from situations import RAW, REPOSITORY, copy_raw

from pipeline.core.metrics import LOG_RMSE
from pipeline.core.paths import Project
from pipeline.core.progress import listening
from pipeline.core.settings import Settings
from pipeline.lessons import baselines
from pipeline.lessons.house_prices import PUBLISHED, run_book
from pipeline.lessons.linear_regression import torch_layer
from pipeline.models.ensemble import cross_validate
from pipeline.runs.store import newest_baselines
from pipeline.stages import up_to_date
from pipeline.stages.preprocess import read_features
from pipeline.validation.fold_data import FoldData
from pipeline.validation.uncertainty import paired_difference

NAMES = [
    "mean-price",
    "book-linear",
    "linear",
    "softmax-bands",
    "mlp",
    "mlp-weight-decay",
    "mlp-dropout",
    "default-network",
]


@pytest.mark.slow
def test_the_books_program_gives_the_published_score_of_every_fold():
    price = pd.read_csv(RAW / "train.csv")["SalePrice"].to_numpy()
    book = run_book(Project(REPOSITORY), seed=0, after_epoch=lambda: None)
    scores = [
        LOG_RMSE.score(book.out_of_fold[f.valid], price[f.valid]) for f in book.folds
    ]
    published = [0.1569, 0.1909, 0.1688, 0.1549, 0.1831]
    np.testing.assert_allclose(scores, published, atol=0.002)
    assert np.mean(scores) == pytest.approx(PUBLISHED, abs=0.004)
    assert [fold.valid[0] for fold in book.folds] == [0, 292, 584, 876, 1168]


@pytest.fixture(scope="module")
def trained(training):
    """The run of `baselines` on the first 120 houses, and its project's root."""
    return training[:2]


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """The same, and the progress: the share of the work that each step is."""
    shares = defaultdict(float)
    step = ""

    def begin(new):
        nonlocal step
        step = new.text

    def callback(share, _):
        shares[step] += share

    root = copy_raw(tmp_path_factory.mktemp("baselines") / "small", rows=120)
    up_to_date.preprocess(Project(root), force=False)
    with listening(begin):
        outcome = up_to_date.baselines(
            Project(root), Settings(models=("mlp",)), callback, force=False
        )
    return outcome.result, root, shares


def test_every_baseline_is_saved_and_can_be_submitted(pipeline, trained):
    run, root = trained
    assert [baseline.name for baseline in run.baselines] == NAMES
    for baseline in run.baselines:
        oof = pd.read_csv(run.folder / "baselines" / baseline.name / "oof.csv")
        score = LOG_RMSE.score(
            oof["prediction"].to_numpy(), oof["SalePrice"].to_numpy()
        )
        assert baseline.pooled == pytest.approx(score, rel=1e-4)
        assert len(baseline.folds) == 5
    command = (
        "submit",
        "--root",
        root,
        "--run",
        run.run_id,
        "--baseline",
        "mlp-dropout",
    )
    assert pipeline(*command).status == 0
    submission = pd.read_csv(root / "submissions" / f"{run.run_id}-mlp-dropout.csv")
    predictions = pd.read_csv(
        run.folder / "baselines" / "mlp-dropout" / "predictions.csv"
    )
    pd.testing.assert_frame_equal(submission, predictions)
    assert run.run_id in pipeline("runs", "--root", root).out


def test_the_progress_names_every_baseline_that_trains_and_ends_with_the_last(training):
    shares = training[2]
    book, mean, *rest = NAMES[1], NAMES[0], *NAMES[2:-1]
    named = [f"training {name}" for name in (book, mean, *rest)]
    assert [*shares] == [*named, "training the networks"]
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)


def test_a_gain_is_over_the_baseline_it_is_built_on_on_the_same_houses(trained):
    run = trained[0]
    scores = {each.name: each for each in run.baselines}
    first, *others = run.baselines
    assert (first.over, first.gain, first.gain_error) == (None, None, None)
    for each in others:
        over = scores[each.over]
        assert NAMES.index(over.name) < NAMES.index(each.name)
        assert each.gain == pytest.approx(over.pooled - each.pooled, abs=1e-12)
    frames = [
        pd.read_csv(run.folder / "baselines" / name / "oof.csv")
        for name in ("book-linear", "mean-price")
    ]
    errors = [
        np.log(house["prediction"]) - np.log(house["SalePrice"]) for house in frames
    ]
    losses, folds = [each.to_numpy() ** 2 for each in errors], frames[0]["fold"]
    over_rows = paired_difference(*losses)
    over_folds = paired_difference(*losses, groups=folds.to_numpy())
    assert scores["book-linear"].gain == pytest.approx(over_rows.value, rel=1e-4)
    error = max(over_rows.standard_error, over_folds.standard_error)
    assert scores["book-linear"].gain_error == pytest.approx(error, rel=1e-4)


def test_the_same_model_with_another_seed_is_no_gain(trained, monkeypatch):
    def another_seed(task):
        task.generator.manual_seed(100 + task.generator.initial_seed())
        return baselines.perceptron(task)

    run, root = trained
    data = FoldData.fit(read_features(Project(root), run.inputs), run.settings)
    fits = {"first": baselines.perceptron, "second": another_seed}
    models = [baselines.LessonModel(name, 1.0, fit) for name, fit in fits.items()]
    members = cross_validate(data, models, lambda *_: None, 1).members
    rungs = [
        baselines.Rung(member.name, "", over, None)
        for over, member in zip((None, "first"), members, strict=True)
    ]
    trained = [(member, data.folds) for member in members]
    second = baselines.ladder(data, rungs, trained)[1].score
    assert second.gain != 0
    assert second.gain_may_be_chance


def torch_linear(task):
    """The linear baseline by torch, whose loss has no factor ½."""
    layer = torch_layer(task.X.shape[1], 1, task.generator)
    optimizer = torch.optim.SGD(layer.parameters(), 0.0015)
    return baselines.fit(layer, torch.nn.MSELoss(), optimizer, task)


def test_scratch_and_torch_have_nearly_the_same_score(trained):
    run, root = trained
    pooled = {baseline.name: baseline.pooled for baseline in run.baselines}
    data = FoldData.fit(read_features(Project(root), run.inputs), run.settings)
    model = baselines.LessonModel("linear-torch", 1.0, torch_linear)
    (member,) = cross_validate(data, [model], lambda *_: None, 1).members
    assert pooled["linear"] == pytest.approx(member.scores[0].pooled, abs=0.01)
    assert pooled["linear"] < 0.6 * pooled["mean-price"]


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
    result = pipeline("submit", "--root", trained[1], "--baseline", "forest")
    assert result.status == 2
    assert "--baseline forest: not in " in result.err
    assert "its baselines are mean-price, book-linear, linear" in result.err


def test_the_newest_baselines_are_found_for_the_report(trained):
    run, root = trained
    found = newest_baselines(Project(root))
    assert found.run_id == run.run_id
    assert [baseline.name for baseline in found.baselines] == NAMES
    assert [b.pooled for b in found.baselines] == [b.pooled for b in run.baselines]
