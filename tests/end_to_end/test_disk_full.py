"""A full disk or a read-only folder: a one-line error, and no damaged file."""

import json
import os
import resource
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import matplotlib.figure  # noqa: F401  it reads files, which nobody may in a read-only folder
import pytest
from searches import trials_of
from situations import QUICK, copy_raw

from pipeline.core.paths import Project
from pipeline.runs import integrity, store

NOBODY = 65534
STAGES = {
    "preprocess": ("preprocess", "--force"),
    "train": ("train", *QUICK, "--force"),
    "tune": ("tune", "--trials", 4, "--epochs", 3, "--folds", 2),
    "submit": ("submit",),
    "lesson": ("lesson", "linear-regression", "--epochs", 1),
}


def contents(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def is_one_line(result, reason):
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1), result
    assert "cannot be written to" in result.err
    assert reason in result.err


@contextmanager
def no_file_longer_than(size):
    """Let writing fail after so many bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


SIZES = {
    "preprocess": (0, 1_000, 60_000),
    "train": (1_000, 10_000, 100_000),
    "tune": (0, 300, 1_000, 2_000),
    "submit": (0, 1_000),
    "lesson": (0, 1_000),
}


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "tune" else ())
        for name in STAGES
    ],
)
def test_a_file_that_cannot_be_written_completely_is_not_there(
    stage, pipeline, trained_project
):
    command, *options = (*STAGES[stage], "--root", trained_project, "--json")
    before = contents(trained_project)
    for size in SIZES[stage]:
        with no_file_longer_than(size):
            result = pipeline(command, *options)
        is_one_line(result, "File too large")
        after = contents(trained_project)
        trials = after.pop(trained_project / "runs" / "tune.json", b"{}")
        assert after == before
        assert isinstance(json.loads(trials), dict)
    if stage == "tune":
        assert trials_of(trained_project)
    else:
        assert pipeline(command, *options).status == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB, if mounting is permitted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("mounting is not permitted; the test above covers this case too")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def free_bytes(disk):
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["preprocess", "train", "submit"])
def test_a_stage_on_a_full_disk_changes_no_file(
    stage, pipeline, trained_project, small_disk
):
    root = shutil.copytree(trained_project, small_disk / "root")
    command, *options = (*STAGES[stage], "--root", root)
    before = contents(root)
    for free in (0, 4096, 16_384, 65_536):
        (small_disk / "ballast").write_bytes(
            b"0" * max(0, free_bytes(small_disk) - free)
        )
        result = pipeline(command, *options, "--json")
        if result.status != 0:
            is_one_line(result, "No space left on device")
            assert contents(root) == before
        (small_disk / "ballast").unlink()
    assert pipeline(command, *options).status == 0
    for run in store.list_runs(Project(root)):
        assert not list(integrity.changes(Project(root), run))


@pytest.fixture
def read_only(trained_project):
    """Make folders of a project read-only, for the superuser too."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        root = shutil.copytree(trained_project, Path(name) / "root")

        @contextmanager
        def turn(folder):
            path = root / folder
            path.mkdir(exist_ok=True)
            path.chmod(0o555)
            if os.geteuid() == 0:
                os.seteuid(NOBODY)  # the superuser may write anyway
            try:
                yield root
            finally:
                os.seteuid(os.getuid())
                path.chmod(0o755)

        yield turn


FOLDERS = {
    "preprocess": "data/processed",
    "train": "runs",
    "tune": "runs",
    "submit": "submissions",
    "lesson": "reports",
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_read_only_folder_is_one_line(stage, pipeline, read_only):
    with read_only(FOLDERS[stage]) as root:
        before = contents(root)
        command, *options = (*STAGES[stage], "--root", root, "--json")
        is_one_line(pipeline(command, *options), "Permission denied")
        assert contents(root) == before


def test_what_is_up_to_date_writes_nothing(pipeline, read_only):
    with read_only("runs") as root:
        for command in (("preprocess",), ("train", *QUICK), ("runs",)):
            assert pipeline(*command, "--root", root).status == 0


def test_a_file_where_a_folder_should_be_is_one_line(pipeline, tmp_path):
    root = copy_raw(tmp_path / "root", rows=120)
    (root / "data" / "processed").write_text("in the way")
    result = pipeline("preprocess", "--root", root, "--json")
    is_one_line(result, "data/processed")
