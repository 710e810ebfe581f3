"""`pipeline train --track mlflow`: a real store in SQLite, read back by its client."""

import json
import math
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pandas as pd
import pytest
from situations import EDGE, QUICK, REPOSITORY, copy_raw

from pipeline.core.files import sha256
from pipeline.core.paths import Project
from pipeline.runs.store import list_runs
from pipeline.stages import up_to_date

mlflow = pytest.importorskip("mlflow", reason="pip install '.[mlflow]'")

TRAIN = (
    "--model",
    "mlp",
    "--epochs",
    "3",
    "--seeds",
    "2",
    "--folds",
    "3",
    "--hidden",
    "8",
)
TRAIN += ("--lambda", "0.5", "--lambda", "5", "--track", "mlflow")
PIPELINE = (sys.executable, "-m", "pipeline")
NOTE = "wider layers"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Work in the test's folder: MLflow keeps files in the current one.

    MLflow sets the variable of the experiment's number, which must not last.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "")


class Logged(NamedTuple):
    root: Path
    uri: str
    done: subprocess.CompletedProcess[str]

    @property
    def run(self):
        (run,) = list_runs(Project(self.root))
        return run

    def runs(self, experiment="house-prices"):
        client = mlflow.MlflowClient(self.uri)
        found = client.get_experiment_by_name(experiment)
        return client.search_runs([found.experiment_id]) if found else []

    def use(self, monkeypatch):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", self.uri)
        monkeypatch.chdir(self.root)


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A run of a small project, logged to a new store by a process of its own."""
    root = copy_raw(tmp_path_factory.mktemp("tracking") / "project", rows=120)
    up_to_date.preprocess(Project(root), force=False)
    uri = f"sqlite:///{root / 'new' / 'store.db'}"
    done = subprocess.run(
        [*PIPELINE, "train", *TRAIN, "--note", NOTE, "--json"],
        cwd=root,
        env={**os.environ, "MLFLOW_TRACKING_URI": uri, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Logged(root, uri, done)


def test_the_terminal_stays_clean_and_json_tells_where_the_run_is(logged):
    assert logged.done.stderr == ""
    tracked = json.loads(logged.done.stdout)["tracked"]
    (run,) = logged.runs()
    assert tracked == {
        "store": logged.uri,
        "experiment": "house-prices",
        "run": run.info.run_id,
    }


def test_settings_and_fold_scores_are_those_of_the_run(logged):
    (run,) = logged.runs()
    expected = logged.run
    assert run.info.run_name == run.data.tags["run_id"] == expected.run_id
    assert run.info.status == "FINISHED"
    params = run.data.params
    assert params.keys() == asdict(expected.settings).keys()
    assert (params["lambdas"], params["hidden"], params["folds"]) == (
        "0.5,5",
        "8",
        "3",
    )
    metrics = run.data.metrics
    assert metrics["cv_log_rmse"] == expected.cv
    assert metrics["forecast_high"] == expected.forecast.high
    for score in expected.scores:
        group = f"lambda_{score.value:g}"
        folds = [metrics[f"{group}/fold_{number}"] for number in (1, 2, 3)]
        assert folds == score.folds
        assert metrics[f"{group}/pooled"] == score.pooled


def test_the_note_the_commit_of_the_code_and_the_times_are_those_of_the_run(logged):
    (run,) = logged.runs()
    assert run.data.tags["mlflow.note.content"] == NOTE
    git = ["git", "-C", REPOSITORY, "rev-parse", "HEAD"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    commit = done.stdout.strip() or None
    assert run.data.tags.get("mlflow.source.git.commit") == commit
    begin = datetime.fromisoformat(logged.run.created).timestamp()
    assert run.info.start_time == pytest.approx(1000 * begin, abs=1)
    duration = run.info.end_time - run.info.start_time
    assert duration == pytest.approx(1000 * logged.run.seconds, abs=1)


def test_the_training_file_is_the_input_of_the_run(logged):
    (run,) = logged.runs()
    (logged_input,) = run.inputs.dataset_inputs
    path = logged.root / "data" / "raw" / "train.csv"
    assert logged_input.dataset.name == "data/raw/train.csv"
    assert sha256(path).startswith(logged_input.dataset.digest)
    assert json.loads(logged_input.dataset.source) == {"uri": str(path)}
    assert [(tag.key, tag.value) for tag in logged_input.tags] == [
        ("mlflow.data.context", "training")
    ]


def test_curves_are_the_means_of_each_folds_networks_by_epoch(logged):
    (run,) = logged.runs()
    history = pd.read_csv(logged.run.folder / "history.csv")
    networks = history.query("`lambda` == 5 and fold == 2")
    client = mlflow.MlflowClient(logged.uri)
    for name in ("train", "valid"):
        curve = client.get_metric_history(run.info.run_id, f"lambda_5/fold_2_{name}")
        assert [point.step for point in curve] == [1, 2, 3]
        for point in curve:
            values = networks[networks["epoch"] == point.step][name]
            assert len(values) == 2
            assert point.value == pytest.approx(values.sum() / 2)


def test_a_run_without_learning_curves_is_logged_too(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'store.db'}")
    root = copy_raw(tmp_path / "project", rows=120)
    pipeline("preprocess", "--root", root)
    trained = pipeline("train", "--root", root, "--model", "ridge", "--track", "mlflow")
    assert trained.status == 0, trained.err
    assert "Logged: " in trained.out


def test_the_files_are_those_of_the_run_folder_and_no_others(logged, monkeypatch):
    logged.use(monkeypatch)
    (run,) = logged.runs()
    client = mlflow.MlflowClient(logged.uri)
    copy = Path(client.download_artifacts(run.info.run_id, ""))
    files = {path.name: path.read_bytes() for path in logged.run.folder.iterdir()}
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == files


def test_a_run_is_logged_once_into_an_experiment(logged, pipeline, monkeypatch):
    logged.use(monkeypatch)
    shown = pipeline("train", *TRAIN)
    assert "is up to date" in shown.out
    (run,) = logged.runs()
    assert f"experiment house-prices, run {run.info.run_id}" in shown.out
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "")  # as in a new process
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another")
    pipeline("train", *TRAIN)
    assert len(logged.runs()) == len(logged.runs("another")) == 1


def test_a_run_that_could_not_be_logged_is_saved_and_logged_by_the_next_command(
    logged, pipeline, monkeypatch
):
    def full(*_):
        raise OSError("No space left on device\nand more lines")

    logged.use(monkeypatch)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "full")
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "log_artifacts", full)
        refused = pipeline("train", *TRAIN)
    assert refused.status == 2
    assert refused.err == (
        f"error: runs/{logged.run.run_id} is saved, but could not be logged to "
        f"{logged.uri} (No space left on device); run the command again to log it\n"
    )
    assert "log-RMSE of 3 folds" in refused.out
    assert [run.info.status for run in logged.runs("full")] == ["FAILED"]
    assert pipeline("train", *TRAIN).status == 0
    assert {run.info.status for run in logged.runs("full")} == {"FAILED", "FINISHED"}


def test_what_a_diverged_network_has_no_number_for_is_not_logged(
    logged, pipeline, trained_project, monkeypatch
):
    logged.use(monkeypatch)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "diverged")
    words = (*QUICK, *EDGE, "--track", "mlflow", "--json")
    shown = pipeline("train", "--root", trained_project, *words)
    lost, _ = json.loads(shown.out)["scores"]
    (run,) = logged.runs("diverged")
    for number, score in enumerate(lost["folds"], start=1):
        assert run.data.metrics.get(f"lambda_0/fold_{number}") == score
    assert "lambda_0/pooled" not in run.data.metrics
    assert not any(map(math.isnan, run.data.metrics.values()))


def a_folder(tmp_path, monkeypatch):
    return f"sqlite:///{tmp_path}", "unable to open database file"


def no_database(tmp_path, monkeypatch):
    path = tmp_path / "notes.db"
    path.write_text(
        "not a database, but quite long enough to be looked at as one\n" * 9
    )
    return f"sqlite:///{path}", "file is not a database"


def nobody_there(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return "http://me:s3cret@127.0.0.1:9", "API request to http://me:***@127.0.0.1:9"


def no_such_store(tmp_path, monkeypatch):
    return "carrier://pigeon", "unsupported URI 'carrier://pigeon'"


class Refuser(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(403)
        self.end_headers()

    def log_message(self, *_):
        pass


def refusing(tmp_path, monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), Refuser)
    Thread(target=server.handle_request, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}", "error code 403"


@pytest.mark.parametrize(
    "store", [a_folder, no_database, nobody_there, no_such_store, refusing]
)
def test_a_store_that_cannot_be_used_is_one_line_before_anything_is_trained(
    store, pipeline, tmp_path, monkeypatch
):
    uri, reason = store(tmp_path, monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    result = pipeline("train", "--root", tmp_path, *TRAIN)
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("error: --track mlflow: ")
    assert result.err.count("\n") == 1
    assert "cannot be used" in result.err
    assert reason in result.err
    assert "s3cret" not in result.err
    assert not (tmp_path / "runs").exists()


def test_a_deleted_experiment_is_refused_by_name(logged, pipeline, monkeypatch):
    client = mlflow.MlflowClient(logged.uri)
    client.delete_experiment(client.create_experiment("gone"))
    logged.use(monkeypatch)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "gone")
    result = pipeline("train", *TRAIN)
    assert result.status == 2
    assert "deleted experiment 'gone'" in result.err
    assert "restore" in result.err


def test_without_mlflow_it_says_what_to_install(pipeline, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    result = pipeline("train", "--root", tmp_path, *TRAIN)
    assert result.status == 2
    assert "-m pip install 'mlflow-skinny>=3'`" in result.err
