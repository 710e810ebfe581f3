"""The search on Dask: real processes over loopback, one of which is killed."""

import json
import subprocess
import sys
import time
from typing import NamedTuple

import pytest
from searches import QUICK, told, wait_for_trials

from pipeline.models import model_of
from pipeline.tuning.study import Study

distributed = pytest.importorskip(
    "distributed", reason="dask is not installed: pip install '.[distributed]'"
)

CLI = "distributed.cli"
TRIALS = 48


class Scheduler(NamedTuple):
    process: subprocess.Popen
    address: str


@pytest.fixture
def scheduler(start, tmp_path):
    """A scheduler on loopback, without workers."""
    path = tmp_path / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    process = start(f"{CLI}.dask_scheduler", *options, "--scheduler-file", path)
    for _ in range(300):
        if path.is_file() and path.read_text():
            return Scheduler(process, json.loads(path.read_text())["address"])
        time.sleep(0.1)
    raise TimeoutError(path)


def start_worker(start, scheduler, directory):
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
    local = ("--local-directory", directory)
    return start(f"{CLI}.dask_worker", scheduler.address, *options, *local)


def trials_of(pipeline, root, *options):
    shown = pipeline(
        "tune", "--root", root, *QUICK, "--trials", TRIALS, *options, "--json"
    )
    assert shown.status == 0, shown.err
    record = json.loads(shown.out)
    return record["trials"], record["confirmed"]


@pytest.mark.slow
def test_a_search_on_dask_that_loses_a_worker_has_the_scores_of_a_local_one(
    pipeline, small_project, tmp_path, start, scheduler, monkeypatch
):
    pipeline("preprocess", "--root", small_project)
    local = trials_of(pipeline, small_project, "--jobs", 2)
    (small_project / "runs").rename(tmp_path / "local runs")
    workers = [start_worker(start, scheduler, tmp_path) for _ in range(2)]
    with distributed.Client(scheduler.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    killed = []
    finished_trials = Study.finished_trials

    def kill_in_the_middle(study):
        finished = finished_trials(study)
        if len(finished) >= TRIALS // 3 and not killed:
            workers[0].kill()
            killed.append(len(finished))
        return finished

    monkeypatch.setattr(Study, "finished_trials", kill_in_the_middle)
    dask = ("--backend", "dask", "--scheduler", scheduler.address, "--jobs", 2)
    on_dask = trials_of(pipeline, small_project, *dask)
    assert TRIALS // 3 <= killed[0] < TRIALS
    assert workers[0].poll() is not None
    assert on_dask == local


@pytest.mark.slow
def test_a_lost_scheduler_ends_with_one_line_and_keeps_finished_trials(
    pipeline, small_project, tmp_path, start, scheduler
):
    pipeline("preprocess", "--root", small_project)
    start_worker(start, scheduler, tmp_path)
    options = ("--trials", 4000, "--backend", "dask", "--json")
    address = ("--scheduler", scheduler.address)
    search = start(
        "pipeline", "tune", "--root", small_project, *QUICK, *options, *address
    )
    wait_for_trials(small_project, 2)
    scheduler.process.kill()
    out, err = search.communicate(timeout=120)
    assert (search.returncode, out, err.count("\n")) == (2, "", 1), err
    assert "the connection was lost: finished trials are kept" in err
    assert len(told(small_project)) >= 2


def test_an_address_where_no_scheduler_answers_is_one_line(
    pipeline, small_project, monkeypatch
):
    monkeypatch.setattr("pipeline.network.cluster._CONNECT_SECONDS", 0.5)
    pipeline("preprocess", "--root", small_project)
    address = "tcp://127.0.0.1:9"
    result = pipeline(
        "tune", "--root", small_project, "--backend", "dask", "--scheduler", address
    )
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert f"--scheduler {address}: no Dask scheduler answers" in result.err


def test_a_scheduler_without_workers_is_one_line(
    pipeline, small_project, monkeypatch, scheduler
):
    monkeypatch.setattr("pipeline.network.cluster._CONNECT_SECONDS", 2)
    pipeline("preprocess", "--root", small_project)
    result = pipeline(
        "tune",
        "--root",
        small_project,
        "--backend",
        "dask",
        "--scheduler",
        scheduler.address,
    )
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert "it has no worker; start one" in result.err


def test_dask_that_is_not_installed_is_one_line(pipeline, small_project, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    pipeline("preprocess", "--root", small_project)
    result = pipeline(
        "tune", "--root", small_project, "--backend", "dask", "--scheduler", "tcp://x:1"
    )
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert "-m pip install 'distributed>=2025.1'`" in result.err


@pytest.mark.slow
def test_models_that_dask_fits_predict_what_threads_predict(
    pipeline, small_project, tmp_path, start, scheduler, monkeypatch
):
    def fail(*arguments):
        raise AssertionError("fitted in this process")

    pipeline("preprocess", "--root", small_project)
    workers = [start_worker(start, scheduler, tmp_path / name) for name in "ab"]
    command = ("train", "--epochs", 3, "--root", small_project, "--force", "--json")
    options = ("--backend", "dask", "--scheduler", scheduler.address)
    predicted = []
    for where in ((), options):
        shown = pipeline(*command, *where)
        assert shown.status == 0, shown.err
        run = small_project / "runs" / json.loads(shown.out)["run_id"]
        predicted.append((run / "predictions.csv").read_bytes())
        monkeypatch.setattr(type(model_of("boosting")), "fit_fold", fail)
        monkeypatch.setattr("pipeline.network.replicas.new_trainer", fail)
    assert predicted[0] == predicted[1]
    assert all(worker.poll() is None for worker in workers)
