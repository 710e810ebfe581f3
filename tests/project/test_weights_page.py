"""docs/weights.md: its NumPy code predicts what the run predicted."""

import re

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from situations import REPOSITORY, copy_raw

from pipeline.core.paths import Project
from pipeline.runs.predictor import Predictor
from pipeline.runs.store import find_run

PAGE = (REPOSITORY / "docs" / "weights.md").read_text(encoding="utf-8")
QUICK = ("--epochs", 5, "--hidden", "16,8", "--seeds", 2, "--folds", 3)


@pytest.fixture
def run(pipeline, tmp_path, monkeypatch):
    """A run of all models, in the current folder."""
    monkeypatch.setattr("pipeline.models.boosting._TREES_OF_FEW", 20)
    monkeypatch.chdir(copy_raw(tmp_path / "root", rows=200))
    assert pipeline("preprocess").status == 0
    assert pipeline("train", *QUICK).status == 0
    return find_run(Project(tmp_path / "root"))


def test_the_code_of_the_page_predicts_what_each_model_predicted(run):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    found = {}
    exec(code, found)
    kept = pd.read_csv(run.folder / "predictions.csv")
    np.testing.assert_allclose(found["prices"], kept["SalePrice"], rtol=1e-4)
    for loaded in Predictor.load(run).models:  # also those without a weight
        name, columns = loaded.model.name, loaded.columns
        features, layout = found["dataset"].test, found["dataset"].layout
        view = loaded.model.view.of_columns(features, layout, columns)
        own = np.exp(found["predicted"](name, found[name], view))
        np.testing.assert_allclose(own, kept[name], rtol=1e-4)


def test_the_page_names_every_array_of_a_run(run):
    for name in load_file(run.folder / "weights.safetensors"):
        *_, last = name.split(".")
        assert re.search(rf"\b{last}`", PAGE), name
