"""The search: trials do not depend on each other, and finished ones are kept."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future
from dataclasses import replace

import numpy as np
import pytest
import torch
from ames_columns import ames_dataset
from rich.console import Console
from searches import QUICK, told, trials_of, wait_for_trials
from situations import copy_raw
from tiny_networks import rows_of, trainer_of

from pipeline.cli.tune import search_progress, show_search
from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import Step
from pipeline.core.settings import Settings
from pipeline.models.ensemble import cross_validate_models
from pipeline.network.replicas import FoldTensors
from pipeline.network.trainer import Candidate
from pipeline.runs.record import (
    Confirmation,
    Confirmations,
    Search,
    SearchedSettings,
    Trial,
)
from pipeline.runs.record import TrialScore as Rung
from pipeline.stages import tune as stage
from pipeline.stages import up_to_date
from pipeline.stages.tune import confirm, ladder, other_seeds
from pipeline.tuning.executors import Pool
from pipeline.tuning.plan import SCORING, SEARCHING, Plan
from pipeline.tuning.search import (
    better_half,
    is_done,
    losses,
    rungs_of,
    search,
    successive_halving,
)
from pipeline.tuning.space import SHAPES
from pipeline.tuning.study import Study
from pipeline.validation.fold_data import FoldData
from pipeline.validation.uncertainty import paired_difference

MANY = 10**6
ROWS = 120
BASE = Settings(
    models=("mlp",), folds=3, seeds=1, epochs=3, hidden=(8,), batch_size=16
).for_rows(ROWS * 2 // 3)
CANDIDATES = [
    Candidate(x, lr, 0.1) for x in (1.0, 5.0) for lr in (1e-4, 1e-2, 1e-3, 3e-3)
]


@pytest.fixture(scope="module")
def houses(train_features, test_features):
    return ames_dataset(train_features.head(ROWS), test_features.head(30))


@pytest.fixture(scope="module")
def encoded(houses):
    return FoldTensors.of(FoldData.fit(houses, BASE))


@pytest.fixture
def ready(pipeline, small_project):
    """A small project, preprocessed."""
    assert pipeline("preprocess", "--root", small_project).status == 0
    return small_project


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A small project with a search of 8 trials, and its JSON."""
    root = copy_raw(tmp_path_factory.mktemp("tuned") / "root", rows=120)
    up_to_date.preprocess(Project(root), force=False)
    command = [sys.executable, "-m", "pipeline", "tune", "--root", root, *QUICK]
    done = subprocess.run(
        [*command, "--trials", "8", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return root, json.loads(done.stdout)


@pytest.fixture
def searched(tuned, tmp_path):
    """A copy of the small project with a search of 8 trials, and its JSON."""
    root, record = tuned
    return shutil.copytree(root, tmp_path / "searched"), record


def run_halving(encoded, candidates):
    trials = [
        replace(BASE, lambdas=(weight_decay,), lr=lr, dropout=dropout)
        for weight_decay, lr, dropout in candidates
    ]
    return successive_halving(encoded, trials)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_candidate_that_is_kept_trains_as_if_no_other_had_left(dropout):
    # Either only the candidates that leave have dropout, or all have it.
    candidates = [
        Candidate(1.0, 0.01, 0.3),
        Candidate(2.0, 0.02, dropout),
        Candidate(3.0, 0.01, 0.3),
    ]
    whole, halved = (trainer_of(rows_of(3), candidates=candidates) for _ in range(2))
    whole.train_epoch()
    halved.train_epoch()
    halved.keep([1, 2])
    whole.train_epoch()
    halved.train_epoch()
    halved.keep([0])
    last = whole.step_epoch().valid[3:6], halved.step_epoch().valid
    assert torch.equal(*last)
    for all_, own in zip(
        whole.networks(1).tensors().values(),
        halved.networks(0).tensors().values(),
        strict=True,
    ):
        assert torch.equal(all_, own)


def test_the_scores_of_a_trial_do_not_depend_on_its_batch(encoded):
    together = run_halving(encoded, CANDIDATES)
    for candidate, rungs in zip(CANDIDATES, together, strict=True):
        (alone,) = run_halving(encoded, [candidate])
        assert rungs == alone[: len(rungs)]


def test_the_worse_half_leaves_at_each_rung(encoded):
    reached = run_halving(encoded, CANDIDATES)
    assert sorted(map(len, reached)) == [1, 1, 1, 1, 2, 2, 3, 3]
    for rung in range(2):
        there = [each for each in reached if len(each) > rung]
        stayed = [each[rung].score for each in there if len(each) > rung + 1]
        left = [each[rung].score for each in there if len(each) == rung + 1]
        assert max(stayed) <= min(left)


def test_the_last_rung_is_the_score_of_a_cross_validation(houses, encoded):
    default = Candidate(BASE.lambdas[0], BASE.lr, BASE.dropout)
    (rungs,) = run_halving(encoded, [default])
    result = cross_validate_models(houses, BASE, lambda *_: None, 1)
    assert rungs[-1] == Rung(BASE.epochs, result.score.pooled)


def test_a_trial_that_diverges_is_scored_and_pruned(encoded):
    wild, tame = Candidate(1.0, 1e30, 0.1), Candidate(1.0, 1e-3, 0.1)
    diverged, trained = run_halving(encoded, [wild, tame])
    assert [len(diverged), len(trained)] == [1, 3]
    assert np.isfinite(diverged[0].score)


def test_rungs_are_at_a_third_and_two_thirds_of_the_epochs():
    assert rungs_of(60) == [20, 40, 60]
    assert [rungs_of(epochs) for epochs in (1, 2, 3)] == [[1], [1, 2], [1, 2, 3]]


def test_the_better_half_is_rounded_up_and_ties_go_to_the_first():
    assert better_half([3.0, 1.0, 2.0]) == [1, 2]
    assert better_half([1.0, 1.0, 1.0, 1.0]) == [0, 1]
    assert better_half([1.0]) == [0]


def tell_made_up(study, batch):
    """Tell scores computed from the settings; the second half is pruned."""
    half = len(batch.settings) // 2
    ends = [1] * half + [3] * half
    scores = [settings.lr for settings in batch.settings]
    study.tell(batch, [[Rung(e, s)] for e, s in zip(ends, scores, strict=True)])


def test_a_batch_shares_a_shape_and_shapes_differ_between_batches(tmp_path):
    study = Study(tmp_path / "tune.json", "a", BASE)
    shapes = set()
    for _ in range(10):
        batch = study.next_batch(MANY, 4)
        (shape,) = {settings.hidden for settings in batch.settings}
        shapes.add(",".join(map(str, shape)))
        tell_made_up(study, batch)
    assert len(shapes) > 2
    assert shapes <= set(SHAPES)


def test_a_reopened_study_asks_for_the_same_trials(tmp_path):
    through = Study(tmp_path / "through", "a", BASE)
    for number in range(10):
        broken = Study(tmp_path / "broken", "a", BASE)
        batches = [study.next_batch(MANY, 6) for study in (through, broken)]
        assert batches[0].settings == batches[1].settings, number
        tell_made_up(through, batches[0])
        tell_made_up(broken, batches[1])
    assert len({(t.lr, t.dropout) for t in through.finished_trials()}) == 60


def test_the_best_comes_first_and_the_pruned_last(tmp_path):
    study = Study(tmp_path / "tune.json", "a", BASE)
    batch = study.next_batch(MANY, 4)
    ends = [(3, 0.3), (1, 0.1), (3, 0.2), (2, 0.2)]
    study.tell(batch, [[Rung(*end)] for end in ends])
    finished = study.finished_trials()
    assert [each.number for each in finished] == [2, 0, 3, 1]
    assert [each.pruned for each in finished] == [False, False, True, True]


def test_two_studies_in_one_file_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "tune.json"
    study = Study(path, "a", BASE)
    tell_made_up(study, study.next_batch(MANY, 4))
    other = Study(path, "b", BASE)
    assert other.finished_trials() == []
    tell_made_up(other, other.next_batch(MANY, 2))
    assert Study(path, "a", BASE).finished_trials() == study.finished_trials()
    assert len(Study(path, "b", BASE).finished_trials()) == 2


def test_tune_json_has_the_contracts_keys_and_its_command_trains_the_same(
    pipeline, searched
):
    root, record = searched
    assert {"run_id", "best", "trials", "confirmed", "command"} <= record.keys()
    assert len(record["trials"]) == 8
    best = record["trials"][0]
    complete = [each["score"] for each in record["trials"] if not each["pruned"]]
    assert best["score"] == min(complete)
    default = {"lambda": 1.0, "lr": 0.005, "dropout": 0.2, "hidden": [64]}
    names = default.keys()
    trials = [{name: each[name] for name in names} for each in record["trials"]]
    assert record["best"] in (trials if record["beats_default"] else [default])
    assert "corrected" not in record
    words = [*record["command"].split()[1:], "--model", "mlp"]
    trained = json.loads(pipeline(*words, "--root", root, "--json").out)
    assert trained["cv_log_rmse"] == record["cv_log_rmse"]


def test_a_better_trial_is_the_best_only_by_more_than_one_standard_error():
    generator = np.random.default_rng(0)
    default = generator.chisquare(1, 1000)
    luckier = default + generator.normal(-0.001, 1, 1000)
    better = 0.8 * default
    assert luckier.mean() < default.mean()
    assert ladder(np.array([default, luckier])) == 0
    assert ladder(np.array([default, luckier, better, 0.99999 * better])) == 3
    assert ladder(np.array([default, better, better])) == 1


def test_the_ladder_decides_by_the_paired_standard_error():
    generator = np.random.default_rng(1)
    first = generator.chisquare(1, 300)
    decisions = []
    for gap in np.linspace(-0.1, 0.05, 31):
        second = first + generator.normal(gap, 0.5, 300)
        difference, error = paired_difference(first, second)
        decisions.append(ladder(np.array([first, second])))
        assert decisions[-1] == (difference < -error)
    assert set(decisions) == {0, 1}


@pytest.mark.slow
def test_a_trial_that_diverges_when_scored_again_is_left_out(
    pipeline, ready, monkeypatch
):
    scored = stage.losses

    def diverge(dataset, candidates, *others):
        squares = scored(dataset, candidates, *others)
        squares[1 : len(candidates) // 2] = np.inf
        return squares

    monkeypatch.setattr(stage, "losses", diverge)
    shown = pipeline("tune", "--root", ready, *QUICK, "--trials", 16, "--json")
    assert shown.status == 0


def test_every_place_says_that_the_score_is_not_corrected_for_the_search(
    pipeline, searched
):
    root, record = searched
    told = "Not corrected for the search"
    assert told in pipeline("tune", "--root", root, *QUICK, "--trials", 8).out
    assert pipeline("report", "--root", root, record["run_id"]).status == 0
    (page,) = (root / "reports").glob("*.html")
    assert told in page.read_text(encoding="utf-8")
    assert 0 < record["forecast"]["estimate"] < 1


def shown_search(best, default, difference, error):
    trial = Trial(1.0, 0.005, 0.2, (64,), 0, 0.11, pruned=False, rungs=[])
    scores = [Confirmation([score], score) for score in (best, default)]
    confirmed = Confirmations([10], *scores, difference, error)
    found = SearchedSettings(1.0, 0.005, 0.2, (64,))
    show_search(Search(found, "pipeline train", [trial], confirmed))


def test_the_best_is_called_better_only_beyond_the_error_on_other_seeds(capsys):
    shown_search(0.110, 0.112, -0.002, 0.001)
    compared = "better than the default settings on other fold seeds"
    assert f"B{compared[1:]}: −0.0020 ± 0.0010" in capsys.readouterr().out
    shown_search(0.1117, 0.112, -0.0003, 0.0005)
    assert f"No {compared}: −0.0003 ± 0.0005" in capsys.readouterr().out


def test_the_best_and_the_default_are_compared_over_houses_and_seeds(monkeypatch):
    generator = np.random.default_rng(0)
    best, default = Settings(models=("mlp",), lr=0.001), Settings(models=("mlp",))
    squares = {
        (each.lr, seed): generator.chisquare(1, 50)
        for each in (best, default)
        for seed in other_seeds(default)
    }
    monkeypatch.setattr(
        stage,
        "losses",
        lambda _, settings, *__: np.stack([squares[s.lr, s.seed] for s in settings]),
    )
    dataset = ames_dataset(None, None)
    found = confirm(dataset, best, default, None, None)
    own, other = (
        np.array([squares[each.lr, seed] for seed in other_seeds(default)])
        for each in (best, default)
    )
    assert found.best.pooled == pytest.approx(np.sqrt(own.mean(axis=1)))
    assert found.default.pooled == pytest.approx(np.sqrt(other.mean(axis=1)))
    difference = np.sqrt(own.mean()) - np.sqrt(other.mean())
    assert found.difference == pytest.approx(difference)
    again = confirm(dataset, default, default, None, None)
    assert again.best == again.default == found.default
    assert again.difference is None


def test_the_best_is_scored_on_other_fold_seeds(tuned):
    confirmed = tuned[1]["confirmed"]
    assert confirmed["fold_seeds"] == [10, 11, 12, 13, 14]
    for name in ("best", "default"):
        score = confirmed[name]
        assert score["mean"] == pytest.approx(np.mean(score["pooled"]))
        assert len(set(score["pooled"])) == 5
    assert not set(other_seeds(Settings(seed=7))) & {7}


@pytest.mark.slow
def test_a_search_that_has_its_trials_is_up_to_date_and_more_trials_go_on(
    pipeline, searched
):
    root, first = searched

    def tune(trials):
        shown = pipeline("tune", "--root", root, *QUICK, "--trials", trials, "--json")
        return json.loads(shown.out)

    again, more = tune(8), tune(12)
    assert [each["skipped"] for each in (first, again, more)] == [False, True, False]
    assert again["run_id"] == first["run_id"]
    numbers = sorted(each["number"] for each in more["trials"])
    assert numbers == list(range(12))
    assert [t for t in more["trials"] if t["number"] < 8] == first["trials"]


def test_the_file_of_the_trials_is_not_taken_for_a_run(pipeline, searched):
    root, record = searched
    assert (root / "runs" / "tune.json").is_file()
    runs = json.loads(pipeline("runs", "--root", root, "--json").out)["runs"]
    assert len(runs) == 1
    sent = pipeline("submit", "--root", root, "--run", record["run_id"])
    assert sent.status == 0, sent.err


def test_the_tables_show_the_search_as_it_goes_and_its_end(pipeline, ready):
    shown = pipeline("tune", "--root", ready, *QUICK, "--jobs", 1, "--trials", 12)
    for text in ("The best of 12 trials", "fold seed", "default", "pipeline train --"):
        assert text in shown.out
    lines = shown.err.splitlines()
    for text in (
        "searching",
        "scoring the best",
        "scoring the best on other",
        "training",
    ):
        assert any(line.startswith(text) for line in lines)
    shares = [int(share) for share in re.findall(r"(\d+)% · ", shown.err)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] > 90
    assert "8 of 12 trials · lowest score" in shown.err


def test_a_terminal_shows_the_best_ten_and_the_share_of_the_work(monkeypatch):
    screen = io.StringIO()
    console = Console(
        file=screen, force_terminal=True, width=100, color_system=None, highlight=False
    )
    for module in ("console", "progress"):
        monkeypatch.setattr(sys.modules[f"pipeline.cli.{module}"], "err", console)
    finished = [
        Trial(1.0, 1e-3 + n, 0.2, (64,), 300 + n, 0.1 + n / 100, pruned=False, rungs=[])
        for n in range(12)
    ]
    with search_progress(24) as report:
        report(Step(SEARCHING), 0.0, [])
        report(Step(SEARCHING), 0.5, finished)
    text = screen.getvalue()
    assert "searching" in text
    assert "50% · 12 of 24 trials · lowest score 0.1000" in text
    assert all(str(300 + n) in text for n in range(10))
    assert "310" not in text


def test_the_time_limit_is_that_of_the_whole_command():
    plan = Plan(timeout=100, begin=time.monotonic() - 35)
    assert 4 < plan.left(SEARCHING) <= 5
    assert 34 < plan.left(SCORING) <= 35
    assert Plan(timeout=100, begin=time.monotonic() - 99).left(SCORING) == 0
    assert Plan().left(SEARCHING) is None


def test_batches_that_still_train_when_the_time_is_up_are_left(tmp_path):
    study, plan = (
        Study(tmp_path / "tune.json", "a", BASE),
        Plan(timeout=1, settings=BASE),
    )
    loaded, forever = Future(), Future()
    loaded.set_result(None)
    calls = iter([loaded])
    pool = Pool(lambda *_: next(calls, forever), 1, lambda *_: None)
    begin = time.monotonic()
    assert list(search(study, None, plan, pool))
    assert study.finished_trials() == []
    assert time.monotonic() - begin < 1


def test_settings_that_are_not_scored_in_time_have_infinite_losses(houses):
    ready = Future()
    ready.set_result(np.ones(ROWS))
    futures = iter([ready, Future()])
    pool = Pool(lambda *_: next(futures), 2, lambda *_: None)
    done = []
    early, late = losses(
        houses, [BASE] * 2, pool, lambda n, _: done.append(n), lambda: 0
    )
    assert np.isinf(late).all()
    assert (early == 1).all()
    assert done == [0, 1]


def test_a_cancelled_batch_ends_the_wait_and_a_running_one_does_not_exceed_it():
    cancelled = Future()
    cancelled.cancel()
    with pytest.raises(CancelledError):
        is_done(cancelled, None)
    assert not is_done(Future(), 0)


@pytest.mark.slow
def test_a_search_ends_within_its_time_limit(ready, start):
    limit, begin = 60, time.monotonic()
    options = ("--trials", 4000, "--timeout", limit)
    process = start("pipeline", "tune", "--root", ready, *QUICK, *options)
    out, err = process.communicate(timeout=2 * limit)
    assert time.monotonic() - begin < limit
    assert "Traceback" not in err
    if process.returncode:  # a busy machine
        assert err.splitlines()[-1].startswith("error: "), err
    else:
        assert 8 <= int(re.search(r"The best of (\d+) trials", out)[1]) < 4000


MISTAKES = {
    "no trials": (("--trials", 0), "--trials 0: must be 1 or more"),
    "no time": (("--timeout", 0), "--timeout 0: must be more than 0"),
    "no jobs": (("--jobs", 0), "--jobs 0: must be 1 or more"),
    "one fold": (("--folds", 1), "--folds 1: must be 2 or more"),
    "dask without an address": (("--backend", "dask"), "--scheduler tcp://"),
    "an address without dask": (("--scheduler", "tcp://x:1"), "needs --backend dask"),
    "another backend": (("--backend", "threads"), "--backend"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_reported_in_one_line(mistake, pipeline, ready):
    options, message = MISTAKES[mistake]
    result = pipeline("tune", "--root", ready, *options)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.startswith("error: ")
    assert message in result.err
    assert not (ready / "runs").exists()


def test_a_plan_checks_its_values():
    with pytest.raises(UserError, match="--trials 0"):
        Plan(trials=0)


def processes(*which):
    """Return the running processes: the command by the process number."""
    command = ["ps", "-ww", "-o", "pid=,args=", *which]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(line.split(maxsplit=1) for line in shown.stdout.splitlines())


def workers_of(process):
    children = processes("--ppid", str(process.pid))
    return {pid for pid, command in children.items() if "LokyProcess" in command}


def result_of(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.slow
def test_a_killed_search_resumes_where_it_stopped(ready, start):
    killed = start("pipeline", "tune", "--root", ready, *QUICK, "--trials", 4000)
    wait_for_trials(ready, 2)
    workers = workers_of(killed)
    assert workers
    killed.kill()
    killed.wait()
    finished, wanted = told(ready), len(trials_of(ready))
    record = result_of(
        start("pipeline", "tune", "--root", ready, *QUICK, "--trials", wanted, "--json")
    )
    found = {trial["number"]: trial["score"] for trial in record["trials"]}
    assert len(found) == wanted
    assert finished.items() <= found.items()
    assert told(ready) == found
    assert not workers & processes("-e").keys()


@pytest.mark.slow
def test_two_searches_at_once_run_one_after_the_other_and_both_end(ready, start):
    both = [
        start("pipeline", "tune", "--root", ready, *QUICK, "--trials", 24, "--json")
        for _ in range(2)
    ]
    records = [result_of(process) for process in both]
    assert len(told(ready)) == len(trials_of(ready)) == 24
    assert records[0]["trials"] == records[1]["trials"]
    assert {record["run_id"] for record in records} == {
        path.name for path in (ready / "runs").iterdir() if path.is_dir()
    }


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_search_with_one_line(ready, start):
    search = start(
        "pipeline",
        "tune",
        "--root",
        ready,
        *QUICK,
        "--trials",
        4000,
        "--jobs",
        1,
        "--json",
    )
    wait_for_trials(ready, 2)
    (worker,) = workers_of(search)
    os.kill(int(worker), signal.SIGKILL)
    out, err = search.communicate(timeout=60)
    assert (search.returncode, out, err.count("\n")) == (2, "", 1), err
    assert "finished trials are kept" in err


@pytest.mark.slow
def test_ctrl_c_keeps_finished_trials_and_ends_with_one_line(ready, start):
    process = start(
        "pipeline", "tune", "--root", ready, *QUICK, "--trials", 4000, "--json"
    )
    wait_for_trials(ready, 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (130, "", 1)
    assert len(told(ready)) >= 2
