"""README's recipes touch the files they name, and what they add works everywhere.

They are performed in a copy of the package. Then a table goes from its schema to
predictions for new rows, with all that was added.
"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from situations import REPOSITORY
from sklearn.metrics import root_mean_squared_log_error
from small_tables import sales, write_project

pytestmark = pytest.mark.slow

MODEL = '''"""The mean of the training targets."""

import numpy as np

from pipeline.data.encoder import WORDS
from pipeline.models.model import FoldModel


class Mean(FoldModel):
    name, view, has_seeds = "mean", WORDS, False

    def seconds(self, settings, rows, columns):
        return 1e-3

    def fit_fold(self, fold, seed, settings, step):
        return {"mean": np.array([fold.target.mean()])}

    def predict_fold(self, arrays, entries):
        return np.repeat(arrays["mean"], len(entries))

    def check_fold(self, arrays, settings, columns):
        if arrays["mean"].shape != (1,):
            raise ValueError("there is not one mean")


MODEL = Mean()
'''

METRIC = '        Metric("rmse", "RMSE", UNCHANGED, SQUARED),\n'
ADDED_METRIC = (
    '        Metric("rmsle", "RMSLE", Transform("log1p", "expm1", -1), SQUARED),\n'
)
NAMES = 'MODELS = ("mlp", "boosting", "ridge")'
SEED = "    seed: int = option(0,"
OPTION = '    wishes: int = option(3, "How many wishes.")\n'

FAST = ("--folds", 2, "--seeds", 1, "--epochs", 2, "--hidden", 4)
MODELS = ("--model", "mlp,ridge,mean")


class Copy:
    """A copy of the package with the recipes performed, and a run of a project."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "root"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "pipeline", folder / "pipeline", ignore=ignored)
        for name in (
            "Makefile",
            "requirements.lock",
            "requirements-torch.lock",
            "pyproject.toml",
        ):
            shutil.copy(REPOSITORY / name, folder)

    def edit(self, path, old, new):
        """Replace a text that is there once."""
        file = self.folder / "pipeline" / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), encoding="utf-8")

    def pipeline(self, *words):
        """Run a command of the copy; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *map(str, words), "--root", self.root],
            cwd=self.folder,
            env=os.environ | {"COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    @property
    def run(self):
        (folder,) = (self.root / "runs").iterdir()
        return folder

    @property
    def record(self):
        return json.loads((self.run / "run.json").read_text(encoding="utf-8"))

    @property
    def page(self):
        (page,) = (self.root / "reports").glob("*.html")
        return page.read_text(encoding="utf-8")

    @property
    def out_of_fold(self):
        return pd.read_csv(self.run / "oof.csv")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    copy = Copy(tmp_path_factory.mktemp("recipes"))
    copy.edit("core/metrics.py", METRIC, METRIC + ADDED_METRIC)
    (copy.folder / "pipeline" / "models" / "mean.py").write_text(MODEL, "utf-8")
    copy.edit("core/settings.py", NAMES, NAMES.replace(")", ', "mean")'))
    copy.edit("core/settings.py", SEED, OPTION + SEED)
    train, test = sales(60), sales(20, first=60).drop(columns="asked")
    write_project(copy.root, train, test)
    copy.pipeline("schema", "--metric", "rmsle")
    copy.pipeline("preprocess")
    copy.trained = copy.pipeline("train", *FAST, *MODELS, "--wishes", 5)
    copy.pipeline("report")
    return copy


def test_the_work_of_any_models_ends_at_100_percent(copy):
    assert " · 100% · " in copy.trained.stderr


def test_what_is_predicted_for_a_file_is_what_the_run_predicts(copy):
    out = copy.root / "out.csv"
    copy.pipeline("predict", copy.root / "data" / "raw" / "test.csv", "-o", out)
    kept = pd.read_csv(copy.run / "predictions.csv", dtype=str).iloc[:, :2]
    pd.testing.assert_frame_equal(pd.read_csv(out, dtype=str), kept)


def test_another_metric_is_one_entry(copy):
    rows = copy.out_of_fold
    score = root_mean_squared_log_error(rows["asked"], rows["prediction"])
    assert copy.record["metric"] == "rmsle"
    assert copy.record["cv"] == pytest.approx(score, rel=1e-5)
    assert "RMSLE of 2 folds" in copy.trained.stdout
    assert "RMSLE" in copy.page


def test_another_model_is_a_file_and_its_name(copy):
    scores = [score["model"] for score in copy.record["scores"]]
    assert scores == ["mlp", "ridge", "mean", "blend"]
    rows = copy.out_of_fold
    logs = np.log1p(rows[["asked", "prediction", "mlp", "ridge", "mean"]])
    for fold in (1, 2):
        valid = rows["fold"] == fold
        expected = logs["asked"][~valid].mean()
        np.testing.assert_allclose(logs["mean"][valid], expected, rtol=1e-6)
        models = logs.loc[valid, ["mlp", "ridge", "mean"]]
        weights = np.linalg.lstsq(models, logs["prediction"][valid])[0]
        np.testing.assert_allclose(models @ weights, logs["prediction"][valid], 1e-6)
        assert weights.sum() == pytest.approx(1, abs=1e-4)
        assert weights.min() > -1e-4
    assert ">mean<" in copy.page


def test_another_option_of_train_is_one_field(copy):
    assert copy.record["settings"]["wishes"] == 5
    assert "--wishes 5" in copy.page  # in the commands that it suggests
    assert "How many wishes." in copy.pipeline("train", "--help").stdout
    assert copy.run.name in copy.pipeline("runs", "--filter", "wishes=5").stdout
    make = ["make", "--dry-run", "train", "WISHES=7"]
    done = subprocess.run(
        make, cwd=copy.folder, capture_output=True, text=True, check=True
    )
    assert "--wishes='7'" in done.stdout
