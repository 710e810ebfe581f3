"""Every implementation of the benchmark trains, and its figures are correct."""

import json
import sys
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from torch.utils.flop_counter import FlopCounterMode

from experiments import speed
from experiments.competitors import COMPETITORS, FOLDS, Task, load
from pipeline.core.paths import Project
from pipeline.validation.folds import contiguous_folds


@pytest.fixture
def task():
    """Return a task whose target is linear in six columns."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(600, 6)).astype(np.float32)
    target = inputs @ generator.normal(size=6).astype(np.float32)
    target = (target - target.mean()) / target.std()
    folds = [(fold.train, fold.valid) for fold in contiguous_folds(600, FOLDS)]
    return Task(inputs, target, folds, 16, epochs=60, lambdas=(0.0, 300.0))


def call_here(function, *arguments):
    """Call a function in this process, in place of another one."""
    future = Future()
    future.set_result(function(*arguments))
    return future


@pytest.fixture
def quick(monkeypatch):
    """Run the benchmark within this process, with little work."""
    here = SimpleNamespace(submit=call_here)
    monkeypatch.setattr(speed, "process", lambda: nullcontext(here))
    monkeypatch.setattr(speed, "QUICK", {"epochs": 1, "rounds": 2})
    monkeypatch.setattr(speed, "cpu_count", lambda: 1)
    monkeypatch.setattr(speed, "SGEMM_SIZE", 128)


@pytest.fixture
def bench(capsys):
    """Run the benchmark's command; return its status, output and errors."""

    def run(*arguments):
        status = 0
        try:
            speed.main([*map(str, arguments)])
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


@pytest.mark.parametrize("name", COMPETITORS)
def test_every_implementation_learns_and_weight_decay_increases_its_error(name, task):
    before = COMPETITORS[name](replace(task, epochs=1))
    after = COMPETITORS[name](task)
    assert after.shape == (2, FOLDS)
    assert (after[0] < 0.7 * before[0]).all()
    assert (after[0] < 0.7 * after[1]).all()


@pytest.mark.parametrize("name", ["book", "vmap"])
def test_the_operations_are_those_that_torch_counts(name, task):
    task = replace(task, epochs=2)
    with FlopCounterMode(display=False) as counter:
        COMPETITORS[name](task)
    layers = 2 * (6 * task.hidden + task.hidden)
    scored = {"book": 600 * FOLDS * task.epochs, "vmap": 600}[name]
    scoring = layers * scored * len(task.lambdas)
    assert counter.get_total_flops() == task.operations + scoring


def test_jobs_change_no_number(task):
    short = replace(task, epochs=2)
    for name in ("scikit-learn", "engine"):
        train = COMPETITORS[name]
        np.testing.assert_array_equal(train(replace(short, jobs=2)), train(short))


def test_the_inputs_are_the_books_columns_and_the_target_is_standardised(project):
    task = load(Project(project), hidden=8, epochs=1)
    inputs, target, folds = task.inputs, task.target, task.folds
    assert inputs.shape == (1460, 331)
    assert inputs.dtype == target.dtype == np.float32
    assert np.isfinite(inputs).all()
    assert sorted(np.concatenate([valid for _, valid in folds])) == list(range(1460))
    assert target.mean() == pytest.approx(0, abs=1e-5)
    assert target.std() == pytest.approx(1, abs=1e-5)


def test_a_measurement_is_taken_in_a_process_of_its_own(task):
    short = replace(task, epochs=2)
    with speed.process() as worker:
        worker.submit(speed.run, "book", replace(task, epochs=1)).result()
        seconds, error = worker.submit(speed.run, "book", short).result()
        peak_mb = worker.submit(speed.peak_mb, 1).result()
    assert 0 < seconds < 60
    assert 50 < peak_mb < 5000
    assert error == pytest.approx(COMPETITORS["book"](short)[0].mean(), rel=1e-3)


@pytest.mark.slow
def test_the_process_of_an_implementation_has_no_library_of_another(task):
    with speed.process() as worker:
        worker.submit(speed.run, "book", replace(task, epochs=1)).result()
        loaded = worker.submit(eval, "set(__import__('sys').modules)").result()
    assert "torch" in loaded
    assert not {"sklearn", "pandas", "pipeline.network", "rich"} & loaded


@pytest.mark.slow
def test_worker_processes_count_for_the_memory(task):
    peaks = []
    for jobs in (1, 2):
        short = replace(task, epochs=1, jobs=jobs)
        with speed.process() as worker:
            worker.submit(speed.run, "scikit-learn", short).result()
            peaks.append(worker.submit(speed.peak_mb, jobs).result())
    assert peaks[1] > peaks[0] + 100


def test_how_an_implementation_uses_the_cores_is_fixed(task):
    def cores_of(name, hidden, cores):
        on_cores = speed.on_cores(name, replace(task, hidden=hidden), cores)
        return on_cores.jobs, on_cores.threads

    for name in COMPETITORS:
        assert cores_of(name, 256, cores=1) == (1, 1)
    assert cores_of("book", 256, cores=4) == (1, 4)
    assert cores_of("book", 64, cores=4) == (1, 1)
    for hidden in (64, 256):
        assert cores_of("vmap", hidden, cores=4) == (1, 4)
        assert cores_of("scikit-learn", hidden, cores=4) == (4, 1)
        assert cores_of("engine", hidden, cores=4) == (4, 1)


def test_the_record_compares_all_with_the_books_loop(bench, small_project, quick):
    status, out, _ = bench("--root", small_project, "--hidden", 8, "--json")
    assert status == 0
    rows = json.loads(out)["rows"]
    assert [row["name"] for row in rows] == ["book", "scikit-learn", "vmap", "engine"]
    book = rows[0]
    for row in rows:
        assert {"seconds", "ratio_to_book", "sgemm_fraction", "peak_mb"} <= row.keys()
        ratio = book["seconds"] / row["seconds"]
        assert row["ratio_to_book"] == pytest.approx(ratio)
        work = row["sgemm_fraction"] * row["seconds"]
        assert work == pytest.approx(book["sgemm_fraction"] * book["seconds"])
        assert row["sgemm_fraction"] > 0
        assert 0 < row["fastest"] <= row["seconds"] <= row["slowest"]
    assert book["ratio_to_book"] == 1


def test_the_table_has_a_line_for_each_implementation(bench, small_project, quick):
    status, out, err = bench("--root", small_project, "--hidden", 8)
    assert status == 0
    title, _, header, _, *lines = out.splitlines()
    assert "20 networks 282-8-1, 1 epochs, 2 rounds, 120 houses" in title
    assert "sgemm" in title
    assert [line.split()[1] for line in lines] == list(COMPETITORS)
    assert {len(line) for line in lines} == {len(header)}
    assert len(header) <= 100
    assert err.count(": book: ") == 2


def test_a_system_that_does_not_measure_peak_memory_is_refused(
    bench, small_project, monkeypatch
):
    monkeypatch.setitem(sys.modules, "resource", None)
    line = "error: peak memory is measured on Linux and macOS only\n"
    assert bench("--root", small_project) == (2, "", line)


def test_missing_data_and_an_invalid_width_are_refused_in_one_line(bench, tmp_path):
    status, out, err = bench("--root", tmp_path)
    assert (status, out) == (2, "")
    assert "train.csv: no such file" in err.splitlines()[-1]
    line = "error: --hidden 0: must be 1 or more\n"
    assert bench("--hidden", 0) == (2, "", line)
