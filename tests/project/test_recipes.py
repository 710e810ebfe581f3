"""README's recipes touch the files they name, and what they add works everywhere.

Each recipe is performed in a copy of the package. Then a table goes from its schema to
predictions for new rows.
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

FAST = ("--folds", 2, "--seeds", 1, "--epochs", 2, "--hidden", 4)


class Copy:
    """A copy of the package, and a project of sales of which one column is bought."""

    def __init__(self, folder):
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "pipeline", folder / "pipeline", ignore=ignored)
        train, test = sales(60), sales(20, first=60).drop(columns="asked")
        self.root = write_project(folder / "root", train, test)

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

    def train(self, *options, schema=()):
        """Go from the schema to the report and to predictions; return the record."""
        self.pipeline("schema", *schema)
        self.pipeline("preprocess")
        shown = self.pipeline("train", *FAST, *options)
        assert [line for line in shown.stderr.splitlines() if "trained 100 %" in line]
        self.pipeline("report")
        out = self.root / "out.csv"
        self.pipeline("predict", self.root / "data" / "raw" / "test.csv", "-o", out)
        (folder,) = (self.root / "runs").iterdir()
        kept = pd.read_csv(folder / "predictions.csv", dtype=str).iloc[:, :2]
        pd.testing.assert_frame_equal(pd.read_csv(out, dtype=str), kept)
        self.folder_of_run, self.shown = folder, shown.stdout
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))

    def page(self):
        (page,) = (self.root / "reports").glob("*.html")
        return page.read_text(encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_another_metric_is_one_entry(copy):
    copy.edit(
        "core/metrics.py",
        '        Metric("rmse", "RMSE", UNCHANGED, SQUARED),\n',
        '        Metric("rmse", "RMSE", UNCHANGED, SQUARED),\n'
        '        Metric("rmsle", "RMSLE", Transform("log1p", "expm1", -1), SQUARED),\n',
    )
    record = copy.train(schema=("--metric", "rmsle"))
    oof = pd.read_csv(copy.folder_of_run / "oof.csv")
    score = root_mean_squared_log_error(oof["asked"], oof["prediction"])
    assert record["metric"] == "rmsle"
    assert record["cv"] == pytest.approx(score, rel=1e-5)
    assert "RMSLE of 2 folds" in copy.shown
    assert "RMSLE" in copy.page()


MODEL = '''"""The mean of the training targets."""

import numpy as np

from pipeline.data.encoder import ONE_HOT
from pipeline.models.model import FoldModel


class Mean(FoldModel):
    name, view, has_seeds = "mean", ONE_HOT, False

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


def test_another_model_is_a_file_and_its_name(copy):
    path = copy.folder / "pipeline" / "models" / "mean.py"
    path.write_text(MODEL, encoding="utf-8")
    copy.edit(
        "core/settings.py",
        'MODELS = ("mlp", "boosting", "ridge")',
        'MODELS = ("mlp", "boosting", "ridge", "mean")',
    )
    record = copy.train("--model", "ridge,mean")
    assert [score["model"] for score in record["scores"]] == ["ridge", "mean", "blend"]
    oof = pd.read_csv(copy.folder_of_run / "oof.csv")
    for fold in (0, 1):
        valid = oof["fold"] == fold
        predicted = oof["mean"][valid].to_numpy()
        np.testing.assert_allclose(predicted, oof["asked"][~valid].mean(), rtol=1e-6)
    blended = (oof["ridge"] + oof["mean"]) / 2
    np.testing.assert_allclose(oof["prediction"], blended, rtol=1e-6)
    assert ">mean<" in copy.page()


def test_another_option_of_train_is_one_field(copy):
    copy.edit(
        "core/settings.py",
        "    seed: int = option(0,",
        '    wishes: int = option(3, "How many wishes.")\n    seed: int = option(0,',
    )
    record = copy.train("--model", "mlp", "--wishes", 5)
    assert record["settings"]["wishes"] == 5
    assert "--wishes 5" in copy.page()  # in the commands that it suggests
    assert "How many wishes." in copy.pipeline("train", "--help").stdout
    listed = copy.pipeline("runs", "--filter", "wishes=5").stdout
    assert copy.folder_of_run.name in listed
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, copy.folder)
    make = ["make", "--dry-run", "train", "WISHES=7"]
    done = subprocess.run(
        make, cwd=copy.folder, capture_output=True, text=True, check=True
    )
    assert "--wishes='7'" in done.stdout
