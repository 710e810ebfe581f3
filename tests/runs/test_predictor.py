"""A run's networks, loaded again."""

import json
import shutil

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
        folds=3, lambdas=(0.0, 5.0), epochs=2, hidden=(8, 4), batch_size=16
    )
    up_to_date.train(folders, settings, lambda *_: None, jobs=1, force=False)
    return folders


@pytest.fixture
def folders(trained, tmp_path):
    """A copy of it, to break."""
    return Project(shutil.copytree(trained.root, tmp_path / "root"))


def test_loaded_networks_predict_what_the_run_predicted(folders):
    record = find_run(folders)
    folder = folders.runs / record["run_id"]
    fitted = Predictor.load(folders, record)
    train, test = read_features(folders, record["inputs"])
    seen = pd.read_csv(folder / "oof.csv")
    for number in range(3):
        own = seen["fold"] == number
        log_price = fitted.log_price(train[own], number)
        np.testing.assert_allclose(np.exp(log_price), seen["prediction"][own], atol=0.5)
    prices = np.exp(np.mean([fitted.log_price(test, n) for n in range(3)], axis=0))
    kept = pd.read_csv(folder / "predictions.csv")["SalePrice"]
    np.testing.assert_allclose(prices, kept, atol=0.5)


def test_lambdas_are_found_in_the_order_that_the_record_has_them(folders):
    record = find_run(folders)
    path = folders.runs / record["run_id"] / "weights.safetensors"
    tensors = load_file(path)
    (_, test) = read_features(folders, record["inputs"])
    prices = Predictor.load(folders, record).prices(test)
    stacks = {name: tensors[name].flip(0) for name in tensors if name[:6] == "stack."}
    save_file(tensors | {n: stack.contiguous() for n, stack in stacks.items()}, path)
    record["settings"]["lambdas"].reverse()
    assert (Predictor.load(folders, record).prices(test) == prices).all()


def test_other_columns_than_the_runs_are_refused(folders):
    record = find_run(folders)
    record["columns"] = record["columns"][::-1]
    fitted = Predictor.load(folders, record)
    with pytest.raises(UserError, match="other columns"):
        fitted.log_price(read_features(folders, record["inputs"])[1], 0)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("encoder.fill", lambda tensor: tensor[:, 1:]),
        ("stack.wide", lambda tensor: tensor.double()),
        ("target.mean", lambda tensor: None),
    ],
)
def test_weights_that_are_not_the_records_are_refused_by_name(folders, name, change):
    record = find_run(folders)
    path = folders.runs / record["run_id"] / "weights.safetensors"
    tensors = load_file(path)
    changed = change(tensors.pop(name))
    if changed is not None:
        tensors[name] = changed.contiguous()
    save_file(tensors, path)
    with pytest.raises(UserError, match=rf"weights\.safetensors: {name} is not"):
        Predictor.load(folders, record)


def test_cut_weights_are_refused(folders):
    record = find_run(folders)
    path = folders.runs / record["run_id"] / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="cannot be read"):
        Predictor.load(folders, record)


def test_a_bomb_in_place_of_weights_is_refused(folders, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "went-off"), "w"))

    record = find_run(folders)
    torch.save(
        {"stack": Bomb()}, folders.runs / record["run_id"] / "weights.safetensors"
    )
    with pytest.raises(UserError, match="cannot be read"):
        Predictor.load(folders, record)
    assert not (tmp_path / "went-off").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"settings": None},
        {"best_lambda": 3},
        {"limits": [{}]},
        {"settings": {"hidden": [10**12]}},
    ],
)
def test_a_record_that_makes_no_sense_is_refused(folders, change):
    record = json.loads(json.dumps(find_run(folders) | change))
    with pytest.raises(UserError, match="train again"):
        Predictor.load(folders, record)
