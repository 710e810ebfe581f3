"""Drafts: nobody takes another's name, and only what the dead left is removed."""

import os
import subprocess
import sys
import threading

import pytest

from pipeline.core.errors import UserError
from pipeline.core.files import atomic_folder, write_atomically

HOLD = """
import sys, time
from pathlib import Path
from pipeline.core.files import atomic_folder
with atomic_folder(Path(sys.argv[1]), ["held"]) as draft:
    (draft.path / "half").write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that is at work on a draft called "held"."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_draft_of_a_living_process_is_let_alone_and_gets_its_name(holder, tmp_path):
    with atomic_folder(tmp_path, ["held", "free"]) as draft:
        assert draft.name == "free"
    write_atomically(tmp_path / "file", "text")
    assert (tmp_path / ".tmp-held" / "half").is_file()
    holder.communicate(timeout=60)
    assert (tmp_path / "held" / "half").is_file()
    assert names_in(tmp_path) == ["file", "free", "held"]


def test_a_draft_of_a_killed_process_is_swept_away_by_the_next(holder, tmp_path):
    holder.kill()
    holder.wait()
    (tmp_path / ".tmp-file").write_text("half")
    assert (tmp_path / ".tmp-held" / "half").is_file()
    write_atomically(tmp_path / "file", "text")
    assert names_in(tmp_path) == ["file"]


def test_a_name_that_is_taken_is_never_written_into(tmp_path):
    names = ["a", "b", "c"]
    for _ in names:
        with atomic_folder(tmp_path, names) as draft:
            (draft.path / "own").write_text(draft.name)
    assert [(tmp_path / name / "own").read_text() for name in names] == names
    with (
        pytest.raises(UserError, match="the name is taken"),
        atomic_folder(tmp_path, names),
    ):
        pass


def test_many_at_once_all_get_a_name_of_their_own(tmp_path):
    names = [f"{number:02}" for number in range(40)]
    got = []

    def claim():
        for _ in range(10):
            with atomic_folder(tmp_path, names) as draft:
                (draft.path / "own").write_text(draft.name)
            got.append(draft.name)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == names_in(tmp_path) == names
    assert all((tmp_path / name / "own").read_text() == name for name in names)


def test_a_pipe_called_like_a_draft_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / ".tmp-pipe")
    write_atomically(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"
