"""A search that was killed at any moment resumes with the same trials and scores."""

import json
from concurrent.futures import Future

import numpy as np
import pandas as pd
import pytest
from ames_columns import ames_dataset

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings
from pipeline.tuning import search, space
from pipeline.tuning.executors import Pool
from pipeline.tuning.plan import Plan
from pipeline.tuning.study import Rung, Study

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
    monkeypatch.setattr("os.fsync", lambda _: None)


def searched(path):
    """Search to the end; return the trials and the lines of the journal."""
    opened = Study(path, "a", BASE)
    pool = Pool(call, 1, lambda *_: None)
    *_, last = search.search(opened, DATASET, PLAN, pool)
    return last.finished, path.read_bytes().splitlines(keepends=True)


def test_a_search_killed_after_any_line_of_its_journal_ends_the_same(tmp_path):
    undisturbed, lines = searched(tmp_path / "undisturbed")
    assert len({trial.settings for trial in undisturbed}) == PLAN.trials
    assert len(lines) > 40
    for kept in range(1, len(lines)):
        path = tmp_path / f"killed after {kept}"
        path.write_bytes(b"".join(lines[:kept]))
        assert searched(path)[0] == undisturbed, kept


def test_an_incomplete_last_line_is_ignored(tmp_path):
    undisturbed, lines = searched(tmp_path / "undisturbed")
    path = tmp_path / "incomplete"
    path.write_bytes(b"".join(lines[:20]) + lines[20][:30])
    assert searched(path)[0] == undisturbed


def test_a_search_killed_again_and_again_ends_the_same(tmp_path):
    undisturbed, lines = searched(tmp_path / "undisturbed")
    path = tmp_path / "killed"
    path.write_bytes(lines[0])
    while len(kept := path.read_bytes().splitlines(keepends=True)) < len(lines):
        _, written = searched(path)
        path.write_bytes(b"".join(written[: len(kept) + 3]))
    assert searched(path)[0] == undisturbed


def test_the_batches_of_an_interrupted_process_are_trained_first(tmp_path):
    path = tmp_path / "journal"
    interrupted = Study(path, "a", BASE)
    started = [interrupted.next_batch(12, 4) for _ in range(2)]
    again = Study(path, "a", BASE)
    batches = [again.next_batch(12, 4) for _ in range(4)]
    assert batches[:2] == started
    assert batches[2].numbers == [8, 9, 10, 11]
    assert batches[3] is None


def test_a_trial_that_was_told_stays_as_it_is(tmp_path):
    path = tmp_path / "journal"
    first = Study(path, "a", BASE)
    batch = first.next_batch(4, 4)
    first.tell(batch._replace(numbers=batch.numbers[:1]), [[Rung(3, 1.0)]])
    second = Study(path, "a", BASE)
    (told,) = second.finished_trials()
    assert second.next_batch(4, 4) == batch
    second.tell(batch, [[Rung(1, 9.0)]] * 4)
    assert len(second.finished_trials()) == 4
    assert second.finished_trials()[0] == told


HOSTILE = {
    "no JSON": b"not json\nnor this\n",
    "a pickle": b"cposix\nsystem\n(S'touch executed'\ntR.\n",
    "bytes": bytes(range(256)) * 4 + b"\n\n",
    "another JSON": b'{"op_code": 4}\n[]\n',
    "deep": b"[" * 100_000 + b"\n\n",
    "not of a search": b'{"op_code": "x", "worker_id": 1}\n{}\n',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_is_no_journal_is_one_line_and_runs_nothing(
    case, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tune.journal"
    path.write_bytes(HOSTILE[case])
    with pytest.raises(UserError, match="not the journal of a search"):
        Study(path, "a", BASE)
    assert [file.name for file in tmp_path.iterdir()] == ["tune.journal"]


EDITS = {
    "a learning rate out of range": ('"lr":', '"lr":1e9, "was":'),
    "another space": ("0.3", "0.2"),
    "a score that is text": (
        '"intermediate_value":',
        '"intermediate_value":"x", "was":',
    ),
    "no batch": ('"batch"', '"butch"'),
}


@pytest.mark.parametrize("case", EDITS)
def test_a_journal_that_no_search_can_have_written_is_one_line(case, tmp_path):
    _, lines = searched(tmp_path / "journal")
    old, new = EDITS[case]
    text = b"".join(lines).decode()
    assert old in text
    (tmp_path / "journal").write_text(text.replace(old, new))
    with pytest.raises(UserError, match="not the journal of a search"):
        Study(tmp_path / "journal", "a", BASE)


def test_every_line_of_a_resumed_journal_is_json(tmp_path):
    _, lines = searched(tmp_path / "journal")
    assert all(isinstance(json.loads(line), dict) for line in lines)
