"""A pipe in the place of a file blocks no command: opening one could wait forever."""

import signal
from pathlib import Path

import pytest
from spoiling import a_pipe, instead

LONGEST = 30  # seconds, for a command of this small project


@pytest.fixture(autouse=True)
def ends():
    """End a test that waits for a pipe."""

    def too_long(*_):
        raise AssertionError("the command waits for a pipe")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put_pipe(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    instead(a_pipe)(path)


def run_of(root):
    (folder,) = (path.parent for path in (root / "runs").glob("*/run.json"))
    return folder


def test_a_record_that_is_a_pipe_is_named_by_runs(pipeline, trained_project):
    folder = run_of(trained_project)
    put_pipe(folder / "run.json")
    shown = pipeline("runs", "--root", trained_project)
    assert (shown.status, shown.err) == (0, "")
    assert f"Not listed, since run.json cannot be read: {folder.name}" in shown.out
    refused = pipeline("submit", "--root", trained_project)
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "run.json" in refused.err


@pytest.mark.parametrize("command", ["submit", "report"])
@pytest.mark.parametrize("name", ["oof.csv", "history.csv", "weights.safetensors"])
def test_a_file_of_a_run_that_is_a_pipe_is_named(
    name, command, pipeline, trained_project
):
    put_pipe(run_of(trained_project) / name)
    shown = pipeline(command, "--root", trained_project)
    assert (shown.status, shown.err.count("\n")) == (2, 1)
    assert f"/{name}: " in shown.err


@pytest.mark.parametrize("name", ["columns.py", "schema.toml"])
def test_a_file_of_the_user_that_is_a_pipe_is_named(name, pipeline, trained_project):
    put_pipe(trained_project / "data" / "raw" / name)
    shown = pipeline("preprocess", "--root", trained_project, "--force")
    assert (shown.status, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert f"{name}: not a file; move it away" in shown.err


def test_a_receipt_that_is_a_pipe_is_named(pipeline, trained_project):
    name = f"{run_of(trained_project).name}.kaggle.json"
    put_pipe(trained_project / "submissions" / name)
    shown = pipeline("runs", "--root", trained_project)
    assert (shown.status, shown.err.count("\n")) == (2, 1)
    assert f"{name}: not a receipt" in shown.err


def test_a_pipe_for_the_name_of_the_selected_run_is_ignored(pipeline, trained_project):
    put_pipe(trained_project / "data" / "processed" / "selected-run")
    shown = pipeline("runs", "--root", trained_project)
    assert (shown.status, shown.err) == (0, "")
    assert f"use {run_of(trained_project).name} by default" in shown.out
