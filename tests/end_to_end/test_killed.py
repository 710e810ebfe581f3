"""Killed at any moment and started again, the pipeline ends as if never disturbed."""

import json
import os
import random
import shutil
import signal
import sys
import time
from functools import partial

import pytest
from forks import fork
from situations import QUICK, copy_raw

from pipeline.core.paths import Project
from pipeline.runs import integrity, store

SEARCH = ("--trials", 24, "--epochs", 3, "--folds", 2, "--jobs", 1)
TIMES = {"run_id", "created", "seconds", "digest"}  # no other line may differ
WRITING = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}


def stages(root):
    """What `make submit` runs."""
    commands = (("preprocess",), ("train", *QUICK), ("submit",))
    return [(*command, "--root", root) for command in commands]


def search(root):
    """What `make tune` runs, and a submission."""
    commands = (("preprocess",), ("tune", *SEARCH), ("submit",))
    return [(*command, "--root", root) for command in commands]


def result(root):
    """Every file below a root but the journal, by a name without the run id."""
    (record,) = store.list_runs(Project(root))
    assert not list(integrity.changes(Project(root), record))
    files = {}
    for path in root.rglob("*"):
        if path.is_file() and path.name != "tune.journal":
            name = str(path.relative_to(root)).replace(record["run_id"], "<run id>")
            files[name] = path.read_bytes()
    files["runs/<run id>/run.json"] = json.dumps(without_times(record)).encode()
    return files


def without_times(value):
    if isinstance(value, dict):
        return {n: without_times(v) for n, v in value.items() if n not in TIMES}
    return [without_times(v) for v in value] if isinstance(value, list) else value


class Undisturbed:
    """A run that nothing disturbed, and a place for those that something does."""

    def __init__(self, folder, commands):
        self.commands, self.folder = commands, folder
        root = self.new_root("undisturbed")
        begin = time.monotonic()
        self.run(root)
        self.seconds = time.monotonic() - begin
        self.result = result(root)

    def new_root(self, name):
        return copy_raw(self.folder / str(name), rows=120)

    def begin(self, root, prepare=None):
        return fork(self.folder / "log", *self.commands(root), prepare=prepare)

    def run(self, root):
        status, _, err = self.begin(root).end()
        assert status == 0, err

    def same_after(self, root, disturbed):
        """Start again what was disturbed; how many bytes are as without that."""
        self.run(root)
        assert result(root) == self.result, disturbed
        shutil.rmtree(root)
        return sum(map(len, self.result.values()))


@pytest.fixture(scope="module")
def submission(tmp_path_factory):
    """All is loaded when the first has run; the second shows how long it takes."""
    Undisturbed(tmp_path_factory.mktemp("first"), stages)
    return Undisturbed(tmp_path_factory.mktemp("submission"), stages)


def kill_at_random(undisturbed, number, seed):
    """Kill at moments spread over the time that a run takes, and start it again."""
    moments = random.Random(seed)
    seconds, killed, compared = undisturbed.seconds, 0, 0
    while killed < number:
        root = undisturbed.new_root(f"kill {killed}")
        process, begin = undisturbed.begin(root), time.monotonic()
        moment = (killed + moments.random()) / number * seconds
        process.process.join(moment)
        if process.process.exitcode is None:
            process.kill(whole_group=killed % 2)
            killed += 1
        else:  # it was quicker than the first; the next is killed sooner
            seconds = min(seconds, time.monotonic() - begin)
        compared += undisturbed.same_after(root, f"killed after {moment:.3f} s")
    print(f"{killed} kills, {compared:,} bytes as without")


def kill_at_writing(count):
    """Kill this process before the file operation of a number, under its root."""
    left = count

    def audit(event, arguments):
        nonlocal left
        if event in WRITING and is_writing(event, arguments):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


def is_writing(event, arguments):
    where = str(arguments[0])
    inside = any(f"/{name}" in where for name in ("processed", "runs", "submissions"))
    reads = event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
    return inside and not reads


def kill_before_writing(undisturbed, counts):
    """Kill before the file operations of these numbers; how many there were."""
    killed = 0
    for count in counts:
        root = undisturbed.new_root(f"writing {count}")
        process = undisturbed.begin(root, prepare=partial(kill_at_writing, count))
        killed += process.end().status == -signal.SIGKILL
        undisturbed.same_after(root, f"killed before file operation {count}")
        if killed <= count - counts[0]:
            break
    return killed


def test_three_kills_of_make_submit_leave_no_trace(submission):
    kill_at_random(submission, 3, seed=1)


def test_a_kill_before_a_file_is_written_or_named_leaves_no_trace(submission):
    assert kill_before_writing(submission, range(9, 12)) == 3


@pytest.mark.slow
def test_forty_kills_of_make_submit_leave_no_trace(submission):
    kill_at_random(submission, 40, seed=2)


@pytest.mark.slow
def test_a_kill_before_any_file_operation_leaves_no_trace(submission):
    killed = kill_before_writing(submission, range(200))
    print(f"{killed} kills before as many file operations")
    assert 30 < killed < 200


@pytest.mark.slow
def test_ten_kills_of_tune_leave_no_trace(tmp_path):
    kill_at_random(Undisturbed(tmp_path, search), 10, seed=3)
