"""The blend: the weighted mean of log prices of models on the same folds."""

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
from pipeline.validation.weights import blend_weights

BLENDED = ["mlp", "boosting"]
SMALL = Settings(
    models=("mlp", "boosting"),  # both have a weight with these settings
    folds=3,
    lambdas=(0.0, 5.0),
    epochs=20,
    hidden=(8,),
    trees=100,
)


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


@pytest.fixture(scope="module")
def result(project, run):
    """The cross-validation of the run, once more."""
    dataset = read_features(project, run.inputs)
    return cross_validate_models(dataset, SMALL, lambda *_: None, 2)


def with_errors(result, *errors):
    """The blend of models with these errors of log prices, which are never failed."""
    actual = LOG_RMSE.transform(result.data.dataset.actual)
    members = [
        replace(
            member,
            scores=member.scores[:1],
            predictions=Predictions((actual + each)[None], member.chosen.test[None]),
        )
        for member, each in zip(result.members, errors, strict=False)
    ]
    return replace(result, members=members)


def test_the_blend_is_the_weighted_geometric_mean_of_prices():
    logs = LOG_RMSE.transform(np.array([[1e5, 4e4], [4e5, 9e4]]))
    for weights, prices in (
        ([0.5, 0.5], [200_000, 60_000]),
        ([0.25, 0.75], [2**1.5 * 1e5, 4e4 * 1.5**1.5]),
    ):
        np.testing.assert_allclose(LOG_RMSE.undo(blend(logs, weights)), prices)


def test_a_model_without_weight_is_not_read():
    logs = np.array([[12.0, 11.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(blend(logs, [1.0, 0.0]), logs[0])


def test_the_blend_of_one_model_is_that_model_to_the_last_bit(result):
    alone = replace(result, members=result.members[1:2])
    assert alone.weights.tolist() == [1.0]
    chosen = alone.members[0].chosen
    np.testing.assert_array_equal(alone.predictions.out_of_fold, chosen.out_of_fold)
    np.testing.assert_array_equal(alone.predictions.test, chosen.test)


def test_a_much_better_model_gets_most_of_the_weight(result):
    noise = np.random.default_rng(0).normal(size=(2, result.data.rows))
    blended = with_errors(result, 0.05 * noise[0], 0.5 * noise[1])
    assert blended.weights[0] > 0.9
    assert blended.score.pooled < 0.06


def weights_used(blended, rows):
    """The weight of the first of two models in the predictions of rows."""
    first, second = (each.chosen.out_of_fold[rows] for each in blended.members)
    return (blended.predictions.out_of_fold[rows] - second) / (first - second)


def test_the_prices_of_a_fold_change_no_weight_that_is_used_on_it(result):
    noise = 0.1 * np.random.default_rng(0).normal(size=(2, result.data.rows))
    before = with_errors(result, *noise)
    own = result.data.fold_of == 0
    noise[:, own] = [[0.0], [0.5]]  # on this fold the first model is now right
    after = with_errors(result, *noise)
    expected = weights_used(before, own)[0]
    np.testing.assert_allclose(weights_used(after, own), expected, rtol=1e-6)
    for fold in (1, 2):
        rows = result.data.fold_of == fold
        assert weights_used(after, rows)[0] > weights_used(before, rows)[0] + 0.01
    assert after.weights[0] > before.weights[0] + 0.01


def test_the_scores_are_those_of_the_columns_of_the_out_of_fold_file(run, oof):
    price = oof["SalePrice"].to_numpy()
    names = [(score.model, score.value) for score in run.scores]
    assert names == [("mlp", 0.0), ("mlp", 5.0), ("boosting", None), ("blend", None)]
    for score in (*run.members, run.final):
        column = "prediction" if score.model == "blend" else score.model
        predicted = oof[column].to_numpy()
        assert score.pooled == pytest.approx(LOG_RMSE.score(predicted, price), abs=1e-6)
    assert run.cv == run.final.pooled


def test_the_blends_predictions_are_the_weighted_means_of_its_models(run, oof):
    assert list(run.weights) == BLENDED
    assert min(run.weights.values()) > 0.05
    assert run.to_json()["weights"] == run.to_json()["scores"][-1]["weights"]
    tested = pd.read_csv(run.folder / "predictions.csv")
    logs = np.log(tested[BLENDED]) @ np.array(list(run.weights.values()))
    np.testing.assert_allclose(tested["SalePrice"], np.exp(logs), atol=0.02)


def test_out_of_fold_the_weights_are_those_of_the_other_folds(run, oof):
    logs = np.log(oof[BLENDED]).to_numpy().T
    errors = logs - np.log(oof["SalePrice"].to_numpy())
    assert list(run.weights.values()) == pytest.approx(
        blend_weights(errors, LOG_RMSE), abs=1e-6
    )
    for fold in (1, 2, 3):
        own = (oof["fold"] == fold).to_numpy()
        expected = blend_weights(errors[:, ~own], LOG_RMSE) @ logs[:, own]
        np.testing.assert_allclose(oof["prediction"][own], np.exp(expected), rtol=1e-6)


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


def test_the_loaded_models_predict_the_blend_to_the_last_bit(project, run, result):
    test = result.data.dataset.test
    predicted = Predictor.load(run).predict(test)
    blended = LOG_RMSE.undo(result.predictions.test.mean(axis=0))
    np.testing.assert_array_equal(predicted, blended)


def test_a_model_without_weight_is_not_computed(project, run):
    weights = {"mlp": 0.0, "boosting": 1.0}
    blend_score = replace(run.final, weights=weights)
    only = replace(run, scores=[*run.scores[:-1], blend_score], document=None)
    (loaded,) = Predictor.load(only).used
    assert (loaded.model.name, loaded.weight) == ("boosting", 1.0)
    predicted = Predictor.load(only).predict(read_features(project, run.inputs).test)
    kept = pd.read_csv(run.folder / "predictions.csv")["boosting"]
    np.testing.assert_allclose(predicted, kept, rtol=1e-7)


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
