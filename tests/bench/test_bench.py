"""Every competitor of the benchmark trains, and the figures mean what they say."""

import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from torch.utils.flop_counter import FlopCounterMode

from pipeline.bench import measure, run, sgemm
from pipeline.bench.dataset import load
from pipeline.bench.task import FOLDS, Setting, Task
from pipeline.core.paths import Project

ALONE = Setting(jobs=1, threads=1)


@pytest.fixture
def task():
    """A target that is a straight line of six columns."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(600, 6)).astype(np.float32)
    target = inputs @ generator.normal(size=6).astype(np.float32)
    target = (target - target.mean()) / target.std()
    return Task(inputs, target, hidden=16, epochs=60, lambdas=(0.0, 300.0))


@pytest.fixture
def quick(monkeypatch):
    """The whole benchmark within this process, and short."""
    monkeypatch.setattr(run, "apart", lambda function, *given: function(*given))
    for name, value in (("EPOCHS", 1), ("ROUNDS", 2), ("FEW", 5), ("MANY", 10)):
        monkeypatch.setattr(run, name, value)
    monkeypatch.setattr(run, "cpu_count", lambda: 1)
    monkeypatch.setattr(sgemm, "SIZE", 128)


def train(name, task, setting=ALONE):
    return import_module(f"pipeline.bench.{run.MODULES[name]}").train(task, setting)


@pytest.mark.parametrize("name", run.MODULES)
def test_every_competitor_learns_and_weight_decay_holds_it_back(name, task):
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
        two = train(name, replace(task, epochs=2), Setting(jobs=2, threads=1))
        np.testing.assert_array_equal(two, train(name, replace(task, epochs=2)))


def test_the_inputs_are_the_books_columns_and_the_target_is_standardised(project):
    inputs, target = load(Project(project))
    assert inputs.shape == (1460, 331)
    assert inputs.dtype == target.dtype == np.float32
    assert np.isfinite(inputs).all()
    assert target.mean() == pytest.approx(0, abs=1e-5)
    assert target.std() == pytest.approx(1, abs=1e-5)


def test_a_measurement_is_taken_in_a_process_of_its_own(task):
    short = replace(task, epochs=2)
    measured = measure.apart(measure.measure, "d2l_loop", short, ALONE)
    assert 0 < measured.seconds < 60
    assert 50 < measured.peak_mb < 5000
    assert measured.error == pytest.approx(train("book", short)[0].mean(), rel=1e-3)


def test_worker_processes_count_for_the_memory(task):
    short = replace(task, epochs=1)
    one, two = (
        measure.apart(measure.measure, "sklearn_mlp", short, Setting(jobs, threads=1))
        for jobs in (1, 2)
    )
    assert two.peak_mb > one.peak_mb + 100


def test_more_settings_are_tried_only_where_there_are_more_cores():
    for name in run.MODULES:
        assert run.settings_of(name, cores=1) == [ALONE]
    assert run.settings_of("book", cores=4) == [ALONE, Setting(1, 4)]
    assert run.settings_of("scikit-learn", cores=4) == [
        ALONE,
        Setting(1, 4),
        Setting(4, 1),
    ]
    assert run.settings_of("engine", cores=4) == [ALONE, Setting(4, 1)]


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
    assert book["ratio_to_book"] == 1
    assert [line["networks"] for line in record["engine"]] == [5, 10]


def test_the_table_names_all_competitors_and_the_limit(pipeline, small_project, quick):
    shown = pipeline("bench", "--root", small_project, "--hidden", "8")
    assert shown.status == 0, shown.err
    for name in (*run.MODULES, "sgemm"):
        assert name in shown.out
    assert shown.err.count("book, 20 networks") == 2


def test_what_cannot_be_measured_is_refused_in_one_line(pipeline, tmp_path):
    missing = pipeline("bench", "--root", tmp_path)
    assert missing.status == 2
    assert "train.csv: no such file" in missing.err
    none = pipeline("bench", "--hidden", "0")
    assert none.status == 2
    assert none.err == "error: --hidden 0: must be 1 or more\n"
