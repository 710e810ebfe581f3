"""An interrupted command ends at once with one line, and keeps finished results."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from forks import fork
from searches import wait_for_trials
from situations import REPOSITORY

from pipeline.core.errors import INTERRUPTED_LINE

MESSAGE = f"{INTERRUPTED_LINE}\n"
ENDLESS = ("--epochs", 10**7, "--seeds", 1, "--hidden", 8)


def wait_for(folder, pattern):
    for _ in range(3000):
        if any(folder.glob(pattern)):
            return
        time.sleep(0.01)
    raise TimeoutError(pattern)


def interrupt(process, signal_number=signal.SIGINT):
    """Send a signal as a terminal does: to the command and all that it has started."""
    begin = time.monotonic()
    os.killpg(process.process.pid, signal_number)
    ended = process.end()
    print(f"ended after {time.monotonic() - begin:.2f} s")
    return ended


def temporary_files(root):
    return list(root.rglob(".tmp-*"))


@pytest.fixture
def ready(pipeline, small_project):
    """A small project, preprocessed."""
    assert pipeline("preprocess", "--root", small_project).status == 0
    return small_project


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", [1, 2])
def test_training_ends_and_leaves_no_partial_run(jobs, signal_number, trained_project):
    before = sorted(trained_project.rglob("*"))
    options = ("--root", trained_project, "--jobs", jobs, "--json")
    process = fork(trained_project.parent / "log", ("train", *ENDLESS, *options))
    wait_for(trained_project / "runs", ".tmp-*")
    time.sleep(0.3)  # so that it is very likely training
    assert interrupt(process, signal_number) == (130, "", MESSAGE)
    assert sorted(trained_project.rglob("*")) == before


@pytest.mark.slow
def test_a_search_and_its_workers_end_and_keep_finished_trials(ready):
    options = ("--root", ready, "--trials", 4000, "--epochs", 9, "--folds", 3)
    process = fork(ready.parent / "log", ("tune", *options, "--json"))
    wait_for_trials(ready, 2)
    assert interrupt(process) == (130, "", MESSAGE)


def test_an_interrupt_after_the_end_says_nothing(tmp_path):
    late = "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))"
    code = (
        f"import atexit, os, signal, sys; {late}; sys.argv = ['pipeline', 'runs'];"
        "from pipeline.__main__ import run; run()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_preprocess_keeps_complete_files(project, pipeline):
    command = ("preprocess", "--root", project, "--json")
    process = fork(project.parent / "log", command)
    wait_for(project / "data" / "processed", "train.csv")
    assert interrupt(process) == (130, "", MESSAGE)
    assert not temporary_files(project)
    assert not (project / "data" / "processed" / "summary.json").exists()
    assert pipeline("preprocess", "--root", project).status == 0


def test_lessons_keep_complete_pictures(tmp_path):
    process = fork(tmp_path / "log", ("lesson", "all", "--root", tmp_path, "--json"))
    pictures = tmp_path / "reports" / "lessons"
    wait_for(pictures, "*.png")
    assert interrupt(process) == (130, "", MESSAGE)
    assert not temporary_files(tmp_path)
    for path in pictures.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")


IMPORTING = """
import ctypes, os, signal, sys, time
def kill():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
class Finder:
    def find_spec(self, name, *_):
        if name == "pipeline.cli":
            {}
sys.meta_path.insert(0, Finder())
from pipeline.__main__ import run
run()
"""


def interrupted_while_importing(action):
    """What the command line prints if this happens where it is imported."""
    command = [sys.executable, "-c", IMPORTING.format(action)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=50
    )
    return done.returncode, done.stdout, done.stderr


def test_an_interrupt_during_imports_prints_the_same_line():
    assert interrupted_while_importing("kill()") == (130, "", MESSAGE)


def test_an_interrupt_that_a_library_turns_into_an_error_prints_the_same_line():
    action = """
            try: kill()
            except KeyboardInterrupt: raise ImportError("initialization failed")
    """
    assert interrupted_while_importing(action) == (130, "", MESSAGE)


def test_an_interrupt_that_a_callback_ignores_is_repeated():
    action = "ctypes.CFUNCTYPE(None)(kill)(); time.sleep(60)"
    status, out, err = interrupted_while_importing(action)
    assert (status, out) == (130, "")
    assert err.endswith(MESSAGE)


@pytest.fixture
def clone(tmp_path):
    """A folder with the Makefile and what it reads, whose .venv runs this Python."""
    (tmp_path / "pipeline" / "core").mkdir(parents=True)
    settings = "pipeline/core/settings.py"  # of which the Makefile takes its variables
    locks = ("requirements.lock", "requirements-torch.lock")
    for name in ("Makefile", "pyproject.toml", *locks, settings):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    script = tmp_path / ".venv" / "bin" / "pipeline"
    script.parent.mkdir(parents=True)
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m pipeline "$@"\n')
    script.chmod(0o755)
    (tmp_path / ".venv" / ".ready").touch()
    return tmp_path


@pytest.mark.slow
def test_make_ends_with_the_command_that_it_runs(clone, ready):
    process = subprocess.Popen(
        ["make", "train", f"ROOT={ready}", f"EPOCHS={10**7}", "HIDDEN=8"],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(ready / "runs", ".tmp-*")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in {-signal.SIGINT, 2, 130}
    assert "Traceback" not in err
    assert MESSAGE in err
    assert not temporary_files(ready)
