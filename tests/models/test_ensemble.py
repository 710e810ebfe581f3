"""The blend: the plain mean in log price of models on the same folds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file
from situations import copy_raw

from pipeline.core.errors import UserError
from pipeline.core.metrics import LOG_RMSE
from pipeline.core.paths import Project
from pipeline.core.settings import MODELS, Settings
from pipeline.models import model_of
from pipeline.models.ensemble import Predictions, blend, cross_validate_models
from pipeline.runs.predictor import Predictor
from pipeline.runs.store import find_run
from pipeline.stages import up_to_date
from pipeline.stages.preprocess import read_features
from pipeline.stages.submit import write_submission

SMALL = Settings(epochs=2, hidden=(8,), folds=3, lambdas=(0.0, 5.0), trees=20)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of 120 houses with a run of the MLP, boosting and their blend."""
    project = Project(copy_raw(tmp_path_factory.mktemp("blend") / "root", rows=120))
    up_to_date.preprocess(project, force=False)
    up_to_date.train(project, SMALL, lambda *_: None, jobs=2, force=False)
    return project


@pytest.fixture(scope="module")
def run(project):
    return find_run(project)


@pytest.fixture(scope="module")
def oof(run):
    return pd.read_csv(run.folder / "oof.csv")


def transformed(prices):
    """Predictions of these prices, which one fold also predicts for test rows."""
    logs = LOG_RMSE.transform(np.array(prices))
    return Predictions(logs, logs[None])


def test_the_blend_is_the_geometric_mean_of_prices():
    blended = blend([transformed([100_000.0, 40_000.0]), transformed([4e5, 9e4])])
    for logs in (blended.out_of_fold, blended.test[0]):
        np.testing.assert_allclose(LOG_RMSE.undo(logs), [200_000, 60_000])


def test_the_blend_of_one_model_is_that_model_to_the_last_bit():
    alone = transformed(np.random.default_rng(0).uniform(1e4, 1e6, 50))
    assert blend([alone]) is alone


def test_the_scores_are_those_of_the_columns_of_the_out_of_fold_file(run, oof):
    price = oof["SalePrice"].to_numpy()
    names = [(score.model, score.value) for score in run.scores]
    assert names == [("mlp", 0.0), ("mlp", 5.0), ("boosting", None), ("blend", None)]
    for score in (*run.members, run.final):
        column = "prediction" if score.model == "blend" else score.model
        predicted = oof[column].to_numpy()
        assert score.pooled == pytest.approx(LOG_RMSE.score(predicted, price), abs=1e-6)
    assert run.cv == run.final.pooled


def test_the_blends_predictions_are_the_means_of_its_models(run, oof):
    tested = pd.read_csv(run.folder / "predictions.csv")
    for frame, column in ((oof, "prediction"), (tested, "SalePrice")):
        mean = np.sqrt(frame["mlp"] * frame["boosting"])
        np.testing.assert_allclose(frame[column], mean, atol=0.02)


def test_differences_are_paired_over_houses(run, oof):
    squares = {
        name: np.log(oof[name] / oof["SalePrice"]) ** 2
        for name in ("prediction", "boosting")
    }
    gap = squares["boosting"] - squares["prediction"]
    roots = sum(np.sqrt(each.mean()) for each in squares.values())
    (boosting,) = (each for each in run.scores if each.model == "boosting")
    assert boosting.difference == pytest.approx(gap.mean() / roots, abs=1e-6)
    error = gap.std() / np.sqrt(len(gap)) / roots
    assert boosting.difference_error == pytest.approx(error, abs=1e-6)


def test_the_loaded_models_predict_the_submission_to_the_last_cent(project, run):
    dataset = read_features(project, run.inputs)
    prices = Predictor.load(run).predict(dataset.test)
    submission = write_submission(project, run, None, print, allow_stale=False)
    assert [f"{price:.2f}" for price in prices] == [
        f"{price:.2f}" for _, price in submission.rows
    ]
    header = submission.path.read_text().splitlines()[0]
    assert header == "Id,SalePrice"


def test_jobs_change_no_bit(project, run):
    dataset = read_features(project, run.inputs)
    one, two = (
        cross_validate_models(dataset, SMALL, lambda *_: None, jobs) for jobs in (1, 2)
    )
    np.testing.assert_array_equal(
        one.predictions.out_of_fold, two.predictions.out_of_fold
    )
    np.testing.assert_array_equal(one.predictions.test, two.predictions.test)


def test_validated_rows_change_nothing_that_their_own_trees_learn(project, run):
    dataset = read_features(project, run.inputs)
    only = Settings(models=("boosting",), folds=3, trees=20)
    before = cross_validate_models(dataset, only, lambda *_: None, 2)
    changed = dataset.train.copy()
    own = before.data.fold_of == 0
    changed.loc[own, "SalePrice"] *= 7
    changed.loc[own, "GrLivArea"] *= 5
    after = cross_validate_models(
        replace(dataset, train=changed), only, lambda *_: None, 2
    )
    for name in ("column", "border", "leaf"):
        first, second = (
            each.members[0].fitted.arrays[0][name] for each in (before, after)
        )
        np.testing.assert_array_equal(first[0], second[0])
        assert not np.array_equal(first[1], second[1])


def test_trees_that_were_changed_are_refused_by_the_name_of_their_model(
    project, run, tmp_path
):
    path = run.folder / "weights.safetensors"
    tensors = load_file(path)
    kept = path.read_bytes()
    try:
        save_file(
            {**tensors, "boosting.column": tensors["boosting.column"] + 999}, path
        )
        with pytest.raises(UserError, match="boosting: the trees read columns"):
            Predictor.load(run)
    finally:
        path.write_bytes(kept)


def test_boosting_alone_is_a_run_without_networks(pipeline, tmp_path):
    root = copy_raw(tmp_path / "root", rows=60)
    project = Project(root)
    up_to_date.preprocess(project, force=False)
    settings = Settings(models=("boosting",), folds=2, seeds=1, trees=10)
    up_to_date.train(project, settings, lambda *_: None, jobs=1, force=False)
    run = find_run(project)
    assert (run.best_value, run.final.model) == (None, "boosting")
    assert not (run.folder / "history.csv").exists()
    for command in ("submit", "runs"):
        assert pipeline(command, "--root", root).status == 0
    out = root / "prices.csv"
    test = root / "data/raw/test.csv"
    assert pipeline("predict", test, "-o", out, "--root", root).status == 0
    assert out.read_bytes() == (run.folder / "predictions.csv").read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_settings_is_one_that_can_be_trained(name):
    assert model_of(name).name == name


def test_no_model_has_a_name_that_files_of_a_run_use_for_something_else():
    assert not {"target", "blend", "prediction", "fold"} & set(MODELS)


@pytest.mark.parametrize("models", [("ridge",), ("mlp", "ridge"), MODELS])
def test_the_shares_of_the_work_of_any_models_are_one(project, run, models):
    dataset = read_features(project, run.inputs)
    shares, notes = [], []

    def callback(share, note):
        shares.append(share)
        notes.append(note)

    settings = replace(SMALL, models=models)
    result = cross_validate_models(dataset, settings, callback, 2)
    assert sum(shares) == pytest.approx(1)
    assert min(shares) >= 0
    for member in result.members:
        score = f"{member.scores[member.best].pooled:.4f}"
        assert f"log-RMSE of {member.name} {score}" in notes


def test_each_folds_predictions_of_the_test_rows_are_kept(run):
    by_fold = pd.read_csv(run.folder / "test_by_fold.csv").drop(columns="Id")
    assert list(by_fold) == ["fold 1", "fold 2", "fold 3"]
    kept = pd.read_csv(run.folder / "predictions.csv")["SalePrice"]
    np.testing.assert_allclose(np.exp(np.log(by_fold).mean(axis=1)), kept, rtol=1e-6)
