"""A run's networks, loaded for prediction."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from situations import copy_raw

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.runs.predictor import Predictor
from pipeline.runs.store import find_run
from pipeline.stages import up_to_date
from pipeline.stages.preprocess import read_features


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project with a run of two λ on 120 houses."""
    folders = Project(copy_raw(tmp_path_factory.mktemp("fitted") / "root", rows=120))
    up_to_date.preprocess(folders, force=False)
    settings = Settings(
        models=("mlp",),
        folds=3,
        lambdas=(0.0, 5.0),
        epochs=2,
        hidden=(8, 4),
        batch_size=16,
    )
    up_to_date.train(folders, settings, lambda *_: None, jobs=1, force=False)
    return folders


@pytest.fixture
def folders(trained, tmp_path):
    """A copy of it, to break."""
    return Project(shutil.copytree(trained.root, tmp_path / "root"))


def by_fold(predictor, features, fold):
    """The predictions of one fold's networks."""
    entries = predictor.read(features)
    folds = np.full(len(features), fold)
    return predictor.predict_by_fold(entries, features["Neighborhood"], folds)


def test_loaded_networks_predict_what_the_run_predicted(folders):
    run = find_run(folders)
    predictor = Predictor.load(run)
    dataset = read_features(folders, run.inputs)
    seen = pd.read_csv(run.folder / "oof.csv")
    for number in range(3):
        own = seen["fold"] == number + 1
        predicted = by_fold(predictor, dataset.train[own], number)
        np.testing.assert_allclose(predicted, seen["prediction"][own], atol=0.5)
    tested = [np.log(by_fold(predictor, dataset.test, n)) for n in range(3)]
    prices = np.exp(np.mean(tested, axis=0))
    kept = pd.read_csv(run.folder / "predictions.csv")["SalePrice"]
    np.testing.assert_allclose(prices, kept, atol=0.5)


def test_the_weights_of_the_chosen_candidate_alone_are_saved(folders):
    run = find_run(folders)
    tensors = load_file(run.folder / "weights.safetensors")
    folds, seeds = run.settings.folds, run.settings.seeds
    assert len(run.scores) == 2
    assert tensors["mlp.output"].shape[:2] == (folds, seeds)
    assert {name.split(".")[0] for name in tensors} == {"mlp", "target"}


def test_other_columns_than_the_runs_are_refused(folders):
    run = find_run(folders)
    columns = {"expanded": ["Elsewhere", *run.columns["expanded"][1:]]}
    predictor = Predictor.load(replace(run, columns=columns))
    test = read_features(folders, run.inputs).test
    with pytest.raises(UserError, match="other columns"):
        by_fold(predictor, test, 0)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mlp.encoder.fill", lambda tensor: tensor[..., 1:]),
        ("mlp.output", lambda tensor: tensor.double()),
        ("target.mean", lambda tensor: None),
    ],
)
def test_weights_that_are_not_the_records_are_refused_by_name(folders, name, change):
    run = find_run(folders)
    path = run.folder / "weights.safetensors"
    tensors = load_file(path)
    changed = change(tensors.pop(name))
    if changed is not None:
        tensors[name] = changed.contiguous()
    save_file(tensors, path)
    shown = name.replace("mlp.", "mlp: ", 1)
    with pytest.raises(UserError, match=rf"weights\.safetensors: {shown} is not"):
        Predictor.load(run)


def test_truncated_weights_are_refused(folders):
    run = find_run(folders)
    path = run.folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="cannot be read"):
        Predictor.load(run)


def test_a_bomb_in_place_of_weights_is_refused(folders, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "went-off"), "w"))

    run = find_run(folders)
    torch.save({"stack": Bomb()}, run.folder / "weights.safetensors")
    with pytest.raises(UserError, match="cannot be read"):
        Predictor.load(run)
    assert not (tmp_path / "went-off").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"settings": None},
        {"columns": {}},
        {"target_bounds": [{}]},
        {"settings": {"hidden": [10**12], "folds": 3}},
        {"settings": {"hidden": [10**30], "folds": 3}},
    ],
)
def test_a_record_that_makes_no_sense_is_refused(folders, change):
    run = find_run(folders)
    document = json.dumps(run.to_json() | change)
    (run.folder / "run.json").write_text(document, encoding="utf-8")
    with pytest.raises(UserError, match="train again"):
        Predictor.load(find_run(folders))
