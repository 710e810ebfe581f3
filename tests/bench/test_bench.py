"""Every competitor of the benchmark trains, and its figures are correct."""

import json
import sys
from concurrent.futures import Future
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from torch.utils.flop_counter import FlopCounterMode

from pipeline.bench import default_train, measure, run, sgemm
from pipeline.bench.dataset import load
from pipeline.bench.task import FOLDS, BenchmarkTask, Parallelism
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.validation.folds import contiguous_folds

ALONE = Parallelism(jobs=1, threads=1)


@pytest.fixture
def task():
    """Return a task whose target is linear in six columns."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(600, 6)).astype(np.float32)
    target = inputs @ generator.normal(size=6).astype(np.float32)
    target = (target - target.mean()) / target.std()
    folds = [(fold.train, fold.valid) for fold in contiguous_folds(600, FOLDS)]
    return BenchmarkTask(inputs, target, folds, 16, epochs=60, lambdas=(0.0, 300.0))


def call_here(worker, function, *arguments):
    """Call a function in this process, in place of the worker's."""
    future = Future()
    future.set_result(function(*arguments))
    return future


@pytest.fixture
def quick(monkeypatch):
    """Run the benchmark within this process, with little work."""
    monkeypatch.setattr(measure.Worker, "start", call_here)
    for name, value in (("QUICK", run.Effort(1, 2)), ("FEW", 5), ("MANY", 10)):
        monkeypatch.setattr(run, name, value)
    monkeypatch.setattr(run, "cpu_count", lambda: 1)
    settings = Settings(models=("mlp", "boosting"), epochs=1, trees=10)
    monkeypatch.setattr(default_train, "Settings", lambda: settings)
    monkeypatch.setattr(sgemm, "SIZE", 128)


def train(name, task, parallelism=ALONE):
    module = import_module(f"pipeline.bench.{run.MODULES[name]}")
    return module.train(task, parallelism)


@pytest.mark.parametrize("name", run.MODULES)
def test_every_competitor_learns_and_weight_decay_increases_its_error(name, task):
    before, after = train(name, replace(task, epochs=1)), train(name, task)
    assert after.shape == (2, FOLDS)
    assert (after[0] < 0.7 * before[0]).all()
    assert (after[0] < 0.7 * after[1]).all()


@pytest.mark.parametrize("name", ["book", "vmap"])
def test_the_operations_are_those_that_torch_counts(name, task):
    task = replace(task, epochs=2)
    with FlopCounterMode(display=False) as counter:
        train(name, task)
    layers = 2 * (6 * task.hidden + task.hidden)
    scored = {"book": 600 * FOLDS * task.epochs, "vmap": 600 * task.epochs}[name]
    scoring = layers * scored * len(task.lambdas)
    assert counter.get_total_flops() == task.operations + scoring


def test_jobs_change_no_number(task):
    for name in ("scikit-learn", "engine"):
        two = train(name, replace(task, epochs=2), Parallelism(jobs=2, threads=1))
        np.testing.assert_array_equal(two, train(name, replace(task, epochs=2)))


def test_the_inputs_are_the_books_columns_and_the_target_is_standardised(project):
    inputs, target, folds = load(Project(project))
    assert inputs.shape == (1460, 331)
    assert inputs.dtype == target.dtype == np.float32
    assert np.isfinite(inputs).all()
    assert sorted(np.concatenate([valid for _, valid in folds])) == list(range(1460))
    assert target.mean() == pytest.approx(0, abs=1e-5)
    assert target.std() == pytest.approx(1, abs=1e-5)


def test_a_measurement_is_taken_in_a_process_of_its_own(task):
    short = replace(task, epochs=2)
    with measure.Worker() as worker:
        worker.run(measure.warm_up, "d2l_loop", short, ALONE)
        seconds, error = worker.run(measure.measure, "d2l_loop", short, ALONE)
        peak_mb = worker.run(measure.peak_mb, 1)
    assert 0 < seconds < 60
    assert 50 < peak_mb < 5000
    assert error == pytest.approx(train("book", short)[0].mean(), rel=1e-3)


@pytest.mark.slow
def test_worker_processes_count_for_the_memory(task):
    short = replace(task, epochs=1)
    peaks = []
    for jobs in (1, 2):
        with measure.Worker() as worker:
            worker.run(measure.measure, "sklearn_mlp", short, Parallelism(jobs, 1))
            peaks.append(worker.run(measure.peak_mb, jobs))
    assert peaks[1] > peaks[0] + 100


def test_how_a_competitor_uses_the_cores_is_fixed():
    for name in run.MODULES:
        assert run.parallelism(name, 256, cores=1) == ALONE
    threads, jobs = Parallelism(1, 4), Parallelism(4, 1)
    assert run.parallelism("book", 256, cores=4) == threads
    assert run.parallelism("book", 64, cores=4) == ALONE
    for hidden in (64, 256):
        assert run.parallelism("vmap", hidden, cores=4) == threads
        assert run.parallelism("scikit-learn", hidden, cores=4) == jobs
        assert run.parallelism("engine", hidden, cores=4) == jobs


def test_a_system_that_does_not_tell_peak_memory_is_refused(
    pipeline, small_project, quick, monkeypatch
):
    monkeypatch.setitem(sys.modules, "resource", None)
    shown = pipeline("bench", "--root", small_project)
    assert shown.status == 2
    assert (
        shown.err == "error: bench measures peak memory, which needs Linux or macOS\n"
    )


def test_the_record_compares_all_with_the_books_loop(pipeline, small_project, quick):
    shown = pipeline("bench", "--root", small_project, "--hidden", "8", "--json")
    record = json.loads(shown.out)
    assert [row["name"] for row in record["rows"]] == list(run.MODULES)
    book = record["rows"][0]
    for row in record["rows"]:
        assert {"seconds", "ratio_to_book", "sgemm_fraction", "peak_mb"} <= row.keys()
        ratio = book["seconds"] / row["seconds"]
        assert row["ratio_to_book"] == pytest.approx(ratio)
        work = row["sgemm_fraction"] * row["seconds"]
        assert work == pytest.approx(book["sgemm_fraction"] * book["seconds"])
        assert row["sgemm_fraction"] > 0
        assert 0 < row["fastest"] <= row["seconds"] <= row["slowest"]
    assert book["ratio_to_book"] == 1
    assert [line["networks"] for line in record["engine"]] == [5, 10]
    models = record["train"]
    assert models["mlp"] + models["boosting"] <= models["train"]


def test_the_table_names_all_competitors_and_the_limit(pipeline, small_project, quick):
    shown = pipeline("bench", "--root", small_project, "--hidden", "8")
    assert shown.status == 0, shown.err
    for name in (*run.MODULES, "sgemm"):
        assert name in shown.out
    assert shown.err.count("book, 20 networks") == 2


def test_missing_data_and_an_invalid_width_are_refused_in_one_line(pipeline, tmp_path):
    missing = pipeline("bench", "--root", tmp_path)
    assert missing.status == 2
    assert "train.csv: no such file" in missing.err
    none = pipeline("bench", "--hidden", "0")
    assert none.status == 2
    assert none.err == "error: --hidden 0: must be 1 or more\n"
