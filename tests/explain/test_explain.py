"""The command `explain`, on small projects."""

import math
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from situations import copy_raw, strict
from small_tables import plain_project, refused_in_one_line

from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.models import model_of
from pipeline.runs.predictor import Predictor
from pipeline.runs.store import find_run
from pipeline.stages import up_to_date

HUGE = "1470"  # a house of the test rows that is made as large as no other
SMALL = Settings(folds=3, seeds=2, epochs=20, hidden=(8,), trees=60)


def train(root, settings=SMALL):
    folders = Project(root)
    up_to_date.preprocess(folders, force=False)
    up_to_date.train(folders, settings, lambda *_: None, jobs=1, force=False)
    return root


@pytest.fixture(scope="module")
def _houses(tmp_path_factory):
    root = copy_raw(tmp_path_factory.mktemp("explain") / "root", rows=120)
    path = root / "data" / "raw" / "test.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows.loc[rows["Id"] == HUGE, ["GrLivArea", "1stFlrSF", "TotalBsmtSF"]] = "9000"
    rows.to_csv(path, index=False)
    return train(root)


@pytest.fixture
def houses(_houses, tmp_path):
    """120 houses with a run of all models."""
    return shutil.copytree(_houses, tmp_path / "houses")


@pytest.fixture(scope="module")
def _plain(tmp_path_factory):
    return train(plain_project(tmp_path_factory.mktemp("explain") / "plain"))


@pytest.fixture
def explained(pipeline):
    def run(root, *arguments):
        result = pipeline("explain", *arguments, "--root", root, "--json")
        assert result.status == 0, result.err
        return strict(result.out)

    return run


def file_of(root, name):
    return pd.read_csv(find_run(Project(root)).folder / name)


def product(found):
    return found["base"] * math.prod(c["effect"] for c in found["contributions"])


def test_base_and_factors_end_at_the_price_of_a_test_row_to_a_dollar(houses, explained):
    submitted = file_of(houses, "predictions.csv").set_index("Id")["SalePrice"]
    for row_id in (1461, 1500):
        found = explained(houses, row_id)
        assert found["file"] == "test.csv"
        assert found["effects"] == "factor"
        assert found["prediction"] == pytest.approx(submitted[row_id], abs=0.01)
        assert product(found) == pytest.approx(submitted[row_id], abs=1)
        assert found["low"] < found["prediction"] < found["high"]


def test_a_training_row_has_its_out_of_fold_price(houses, explained):
    expected = file_of(houses, "oof.csv").set_index("Id")
    for row_id in (1, 59, 89):
        found = explained(houses, row_id)
        assert found["prediction"] == expected.loc[row_id, "prediction"]
        assert found["actual"] == expected.loc[row_id, "SalePrice"]
        assert product(found) == pytest.approx(found["prediction"], abs=1)


def test_target_bounds_are_a_line_of_their_own(houses, explained):
    run = find_run(Project(houses))
    found = explained(houses, HUGE)
    *columns, line = found["contributions"]
    assert line["column"] == "target bounds"
    assert line["value"] is None
    assert line["error"] == 0
    assert "target bounds" not in [each["column"] for each in columns]
    submitted = file_of(houses, "predictions.csv").set_index("Id")["SalePrice"]
    highest = math.exp(max(fold.highest for fold in run.target_bounds))
    without = product(found) / line["effect"]
    assert found["prediction"] <= highest < without
    assert product(found) == pytest.approx(submitted[int(HUGE)], abs=1)


def test_similar_rows_are_other_training_rows_with_their_targets(houses, explained):
    prices = file_of(houses, "oof.csv").set_index("Id")["SalePrice"]
    for row_id in (1461, 7):
        similar = explained(houses, row_id)["similar"]
        assert len(similar) == 5
        assert row_id not in [each["id"] for each in similar]
        for each in similar:
            assert each["target"] == prices[each["id"]]
            assert 0 <= each["similarity"] <= 1
        assert similar == sorted(similar, key=lambda each: -each["similarity"])


def test_a_blend_of_runs_is_explained_by_these_runs(houses, pipeline, explained):
    train(houses, Settings(models=("ridge",), folds=3, seeds=2))
    ids = [
        run["run_id"]
        for run in strict(pipeline("runs", "--root", houses, "--json").out)["runs"]
    ]
    assert pipeline("blend", *ids, "--root", houses).status == 0
    for row_id, name in ((1461, "predictions.csv"), (7, "oof.csv")):
        column = "SalePrice" if row_id == 1461 else "prediction"
        expected = file_of(houses, name).set_index("Id").loc[row_id, column]
        found = explained(houses, row_id)
        assert found["prediction"] == pytest.approx(expected, abs=0.01)
        assert product(found) == pytest.approx(expected, abs=1)
        assert len(found["similar"]) == 5


def test_another_table_has_its_own_names_and_effects_that_are_added(_plain, explained):
    for row_id in ("r101", "r5"):
        found = explained(_plain, row_id)
        total = found["base"] + sum(c["effect"] for c in found["contributions"])
        names = {c["column"] for c in found["contributions"]} - {"target bounds"}
        assert names == {"size", "colour", "grade", "day"}
        assert found["effects"] == "added"
        assert total == pytest.approx(found["prediction"], abs=1e-4)


def test_a_run_without_trees_says_that_similar_rows_need_boosting(
    trained_project, pipeline, explained
):
    assert explained(trained_project, 1461)["similar"] is None
    shown = pipeline("explain", 1461, "--root", trained_project).out
    assert "Similar rows need boosting" in shown


def test_the_screen_has_the_price_the_interval_and_what_it_promises(houses, pipeline):
    shown = pipeline("explain", 1461, "--root", houses).out
    for text in ("80 % interval", "60 % is guaranteed", "typical rows", "prediction"):
        assert text in shown


def test_an_id_of_no_file_is_refused_in_one_line(houses, pipeline):
    result = pipeline("explain", 99999, "--root", houses, "--json")
    refused_in_one_line(result, "no row of test.csv and train.csv has the Id '99999'")
    result = pipeline("explain", 1461, "--train", "--root", houses, "--json")
    refused_in_one_line(result, "no row of train.csv has the Id '1461'")


def test_data_that_changed_is_refused_in_one_line(houses, pipeline):
    path = houses / "data" / "raw" / "test.csv"
    path.write_text(path.read_text("utf-8").replace("1461,20", "1461,30"), "utf-8")
    refused_in_one_line(
        pipeline("explain", 1461, "--root", houses, "--json"), "changed"
    )


def test_the_numbers_without_torch_are_those_with_it(houses, train_features):
    predictor = Predictor.load(find_run(Project(houses)))
    entries = predictor.read(train_features)
    for model, arrays, _, _ in predictor.models:
        own = entries.get(model.view.name)
        if own is not None:
            expected = model_of(model.name).predict(arrays, own)
            assert np.allclose(model.evaluate(arrays, own), expected, atol=2e-5)


def test_torch_is_not_loaded(houses):
    code = (
        "import sys\nfrom pipeline.cli import main\nmain()\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "explain", "1461", "--root", houses],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("False\n"), done.stderr
