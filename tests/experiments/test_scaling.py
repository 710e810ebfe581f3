"""The data of the scaling experiment is valid for the pipeline."""

import pandas as pd
from ames_columns import AMES
from situations import REPOSITORY

from experiments import scaling
from experiments.processes import cost, temporary_project
from pipeline.core.paths import Project
from pipeline.data.raw import read_test, read_train


def test_the_sampled_houses_pass_every_check_and_differ(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr(scaling, "BLOCK", 1000)
    with temporary_project() as root:
        scaling.write_houses(root, 3000)
        houses = read_train(Project(root).raw / "train.csv", AMES)
        test = read_test(Project(root).raw / "test.csv", AMES).frame
    assert list(houses["Id"]) == list(range(1, 3001))
    assert not houses.drop(columns="Id").duplicated().any()
    real = pd.read_csv("data/raw/train.csv")["SalePrice"]
    assert abs(houses["SalePrice"].median() / real.median() - 1) < 0.05
    assert set(test["Id"]).isdisjoint(houses["Id"])


def test_a_stage_is_measured_in_seconds_and_gigabytes(small_project, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    measured = cost("preprocess", "--root", str(small_project))
    assert 0 < measured.seconds < 60
    assert 0.05 < measured.peak_gb < 2
    assert (Project(small_project).processed / "train.csv").exists()
