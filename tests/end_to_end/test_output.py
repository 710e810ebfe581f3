"""Standard output that cannot be written to is one line, and no work is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from situations import QUICK

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")


def run(arguments, **streams):
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    return subprocess.run(command, text=True, check=False, **streams)


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [("--help",), ("runs",), ("runs", "--json"), ("submit",)]
)
def test_a_full_disk_is_one_line(arguments, buffered, trained_project, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", buffered)
    monkeypatch.chdir(trained_project)
    with FULL.open("w") as full:
        done = run(arguments, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == (
        "error: standard output: cannot be written to (No space left on device); "
        "free space, or send it elsewhere\n"
    )


def test_a_reader_that_ends_early_is_no_error(trained_project):
    command = [sys.executable, "-m", "pipeline", "runs", "--root", trained_project]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""


def test_progress_that_cannot_be_shown_does_not_stop_the_training(
    trained_project, monkeypatch
):
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    options = (*QUICK, "--epochs", 1, "--root", trained_project)
    with FULL.open("w") as full:
        done = run(("train", *options), stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 0
    assert "Saved runs/" in done.stdout


def test_a_command_that_loaded_torch_ends_without_going_through_its_objects():
    code = (
        "import gc, torch\n"
        "from pipeline import __main__ as command, cli\n"
        "cli.main = lambda: None\n"
        "command.run()\n"
        "print(gc.get_freeze_count() > 100_000)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
