"""A search that was killed at any moment resumes with the same trials and scores."""

from concurrent.futures import Future

import numpy as np
import pandas as pd
import pytest
from ames_columns import ames_dataset

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.settings import Settings
from pipeline.runs.record import TrialScore as Rung
from pipeline.tuning import search, space, study
from pipeline.tuning.executors import Pool
from pipeline.tuning.plan import Plan
from pipeline.tuning.study import Study

BASE = Settings(epochs=3).for_rows(80)
PLAN = Plan(trials=14, settings=BASE)
DATASET = ames_dataset(pd.DataFrame({"SalePrice": [1.0]}), pd.DataFrame())


def instant_halving(tensors, trials):
    """Scores computed from the settings; the worse half of a batch is pruned."""
    scores = [trial.lr * (1 + trial.dropout) * trial.hidden[0] for trial in trials]
    middle = np.median(scores)
    return [[Rung(1, s)] + [Rung(3, s / 2)] * int(s <= middle) for s in scores]


def call(function, *arguments):
    future = Future()
    future.set_result(function(*arguments))
    return future


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No training, small batches, and a sampler that learns early."""
    monkeypatch.setattr(search, "successive_halving", instant_halving)
    monkeypatch.setattr(search, "BATCH_SIZE", 4)
    monkeypatch.setattr(space, "STARTUP", 4)


def searched(path):
    """Search to the end; return the trials."""
    opened = Study(path, "a", BASE)
    pool = Pool(call, 1, lambda *_: None)
    assert list(search.search(opened, DATASET, PLAN, pool))[-1] == 1
    return opened.finished_trials()


@pytest.fixture
def saved(monkeypatch):
    """What was written to the file of the trials, in turn."""
    contents = []

    def keep(path, text):
        contents.append(text)
        return write_atomically(path, text)

    monkeypatch.setattr(study, "write_atomically", keep)
    return contents


def test_a_search_killed_after_any_change_of_its_file_ends_the_same(tmp_path, saved):
    undisturbed = searched(tmp_path / "undisturbed")
    assert len({(t.lr, t.dropout) for t in undisturbed}) == PLAN.trials
    states = saved.copy()
    assert len(states) == 9, "it is opened, and four batches are asked for and told"
    for number, state in enumerate(states):
        path = tmp_path / f"killed after {number}"
        path.write_text(state)
        assert searched(path) == undisturbed, number


def test_a_search_killed_again_and_again_ends_the_same(tmp_path, saved):
    undisturbed = searched(tmp_path / "undisturbed")
    path = tmp_path / "killed"
    for _ in range(9):
        saved.clear()
        searched(path)
        opened, *changes = saved
        path.write_text(changes[0] if changes else opened)
    assert not changes, "each search before tells a batch or asks for one"
    assert searched(path) == undisturbed


def test_the_batches_of_an_interrupted_process_are_trained_first(tmp_path):
    path = tmp_path / "tune.json"
    interrupted = Study(path, "a", BASE)
    started = [interrupted.next_batch(12, 4) for _ in range(2)]
    again = Study(path, "a", BASE)
    batches = [again.next_batch(12, 4) for _ in range(4)]
    assert batches[:2] == started
    assert (batches[2].number, len(batches[2].settings)) == (2, 4)
    assert batches[3] is None


HOSTILE = {
    "no JSON": b"not json\nnor this\n",
    "a pickle": b"cposix\nsystem\n(S'touch executed'\ntR.\n",
    "bytes": bytes(range(256)) * 4 + b"\n\n",
    "cut": b'{"a": [[{"params": {"lam',
    "another JSON": b"[1, 2]",
    "deep": b"[" * 100_000 + b"\n\n",
    "not of a search": b'{"a": {"op_code": 1}}',
    "an empty batch": b'{"a": [[]]}',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_is_of_no_search_is_one_line_and_runs_nothing(
    case, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tune.json"
    path.write_bytes(HOSTILE[case])
    with pytest.raises(UserError, match="not the trials of a search"):
        Study(path, "a", BASE)
    assert [file.name for file in tmp_path.iterdir()] == ["tune.json"]
    assert path.read_bytes() == HOSTILE[case]


EDITS = {
    "a learning rate out of range": ('"lr":', '"lr": 1e9, "was":'),
    "a parameter that is missing": ('"lr":', '"rl":'),
    "hidden layers of another kind": ('"hidden": "', '"hidden": "7'),
    "a score that is text": ('"score":', '"score": "x", "was":'),
    "no parameters": ('"params"', '"parameters"'),
}


@pytest.mark.parametrize("case", EDITS)
def test_trials_that_no_search_can_have_written_are_one_line(case, tmp_path):
    path = tmp_path / "tune.json"
    searched(path)
    old, new = EDITS[case]
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match="not the trials of a search"):
        Study(path, "a", BASE)
