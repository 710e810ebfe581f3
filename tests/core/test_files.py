"""Files and folders are written atomically, and only leftovers are removed."""

import errno
import os
import subprocess
import sys
import threading

import pytest
from filelock import FileLock

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.core.files import (
    alone,
    atomic_folder,
    read_json,
    sha256,
    to_json,
    write_atomically,
)
from pipeline.core.progress import listening


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "new" / "file.csv"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_the_digest_given_is_that_of_the_file(tmp_path):
    path = tmp_path / "file.csv"
    assert write_atomically(path, ["Id,", "Straße\n"]) == sha256(path)


def test_a_folder_whose_making_fails_leaves_nothing(tmp_path):
    with (
        pytest.raises(RuntimeError),
        atomic_folder(tmp_path / "runs", ["one"]) as temporary,
    ):
        (temporary.path / "half").write_text("half")
        raise RuntimeError
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written to"):
        write_atomically(tmp_path / "file" / "below.csv", "text")
    with (
        pytest.raises(UserError, match="cannot be written to"),
        atomic_folder(tmp_path / "file", ["run"]),
    ):
        pass


def test_a_file_may_come_in_parts_and_is_left_as_it_was_if_one_fails(tmp_path):
    path = tmp_path / "file.csv"
    write_atomically(path, (part for part in ("Id,SalePrice\n", "1,2\n")))
    assert path.read_text() == "Id,SalePrice\n1,2\n"

    def failing():
        yield "new"
        raise ValueError

    with pytest.raises(ValueError):
        write_atomically(path, failing())
    assert path.read_text() == "Id,SalePrice\n1,2\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_are_not_json_are_refused(number, tmp_path):
    path = tmp_path / "record.json"
    path.write_text(f'{{"score": [1.5, {number}]}}')
    with pytest.raises(ValueError, match=number):
        read_json(path)
    path.write_text(to_json({"score": [1.5, None]}))
    assert read_json(path) == {"score": [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"score": float(number)})


HOLD = """
import sys, time
from pathlib import Path
from pipeline.core.files import atomic_folder
with atomic_folder(Path(sys.argv[1]), ["held"]) as temporary:
    (temporary.path / "half").write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that is writing a temporary folder for the name "held"."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_temporary_folder_of_a_living_process_is_left_alone_and_is_renamed(
    holder, tmp_path
):
    with atomic_folder(tmp_path, ["held", "free"]) as temporary:
        assert temporary.name == "free"
    write_atomically(tmp_path / "file", "text")
    assert (tmp_path / ".tmp-held" / "half").is_file()
    holder.communicate(timeout=60)
    assert (tmp_path / "held" / "half").is_file()
    assert names_in(tmp_path) == ["file", "free", "held"]


def test_a_temporary_folder_of_a_killed_process_is_removed_by_the_next(
    holder, tmp_path
):
    holder.kill()
    holder.wait()
    (tmp_path / ".tmp-file").write_text("half")
    assert (tmp_path / ".tmp-held" / "half").is_file()
    write_atomically(tmp_path / "file", "text")
    assert names_in(tmp_path) == ["file"]


def test_a_name_that_is_taken_is_never_written_into(tmp_path):
    names = ["a", "b", "c"]
    for _ in names:
        with atomic_folder(tmp_path, names) as temporary:
            (temporary.path / "own").write_text(temporary.name)
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
            with atomic_folder(tmp_path, names) as temporary:
                (temporary.path / "own").write_text(temporary.name)
            got.append(temporary.name)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == names_in(tmp_path) == names
    assert all((tmp_path / name / "own").read_text() == name for name in names)


def test_a_pipe_named_like_a_temporary_file_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / ".tmp-pipe")
    os.mkfifo(tmp_path / ".tmp-lock.lock")
    write_atomically(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"


def test_a_failure_leaves_neither_a_temporary_file_nor_a_lock(tmp_path):
    with pytest.raises(RuntimeError), atomic_folder(tmp_path, ["one"]) as temporary:
        assert names_in(tmp_path) == [".tmp-one", ".tmp-one.lock"]
        (temporary.path / "half").write_text("half")
        raise RuntimeError
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError()]
)
def test_without_locks_files_are_written_and_nothing_is_removed(
    error, tmp_path, monkeypatch
):
    def no_locks(lock, **_):
        raise error

    monkeypatch.setattr(FileLock, "acquire", no_locks)
    (tmp_path / ".tmp-other").write_text("half")
    for _ in range(2):
        with atomic_folder(tmp_path, ["other", "folder", "next"]):
            pass
    write_atomically(tmp_path / "file", "text")
    assert names_in(tmp_path) == [".tmp-other", "file", "folder", "next"]


def test_the_lock_of_a_process_killed_after_renaming_is_removed(tmp_path):
    (tmp_path / "file").write_text("complete")
    (tmp_path / ".tmp-file.lock").touch()
    files.remove_leftovers(tmp_path)
    assert names_in(tmp_path) == ["file"]
    files.remove_leftovers(tmp_path / "gone")


INTERRUPTED_WHILE_CLAIMING = """
import sys
from pathlib import Path
from filelock import FileLock
from pipeline.core.files import write_atomically
acquire = FileLock.acquire
def interrupted(lock, **options):
    acquire(lock, **options)
    raise KeyboardInterrupt
FileLock.acquire = interrupted
try:
    write_atomically(Path(sys.argv[1]) / "file", "text")
except KeyboardInterrupt:
    FileLock.acquire = acquire
"""


def test_an_interrupt_while_a_name_is_claimed_leaves_nothing(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED_WHILE_CLAIMING, str(tmp_path)]
    subprocess.run(command, check=True)
    assert not names_in(tmp_path)


def test_one_process_at_a_time_works_on_a_file(tmp_path):
    order, steps = [], []

    def work():
        with listening(steps.append), alone(tmp_path / "file"):
            order.append("second")

    second = threading.Thread(target=work)
    with alone(tmp_path / "file"):
        assert not steps
        second.start()
        second.join(0.2)
        assert second.is_alive()
        order.append("first")
    second.join(10)
    assert order == ["first", "second"]
    assert [step.text.split(" that ")[0] for step in steps] == [
        "waiting for another process"
    ]
    assert not list(tmp_path.iterdir())
