"""Situations that many tests start from."""

import os
import shutil
import signal
import subprocess
import sys

import pandas as pd
import pytest
import torch
from ames_columns import AMES
from situations import RAW, Result, copy_raw

os.environ["COLUMNS"] = "100"  # before the command line's consoles are made

from pipeline.cli import main
from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.features import build_features, clean_rows
from pipeline.data.raw import read_test, read_train
from pipeline.stages import up_to_date


@pytest.fixture(autouse=True, scope="session")
def interruptible():
    """Let processes that tests start be interrupted, however the tests were started.

    A process ignores SIGINT if its parent does, and a shell starts jobs in the
    background so.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def outermost_make():
    """Let `make` in a test behave as in a terminal, also if `make` runs the tests."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Compute as the stages do; more threads only wait for each other here."""
    torch.set_num_threads(1)


@pytest.fixture
def pipeline(monkeypatch, capsys):
    """Run the command line in this process and give its status and output."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["pipeline", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture
def start():
    """Start modules as processes of their own, which end with the test."""
    started = []

    def begin(module: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def project(tmp_path):
    """A project root with the real data."""
    return copy_raw(tmp_path / "project")


@pytest.fixture
def small_project(tmp_path):
    """A project root with the first 120 houses of each real file."""
    return copy_raw(tmp_path / "small", rows=120)


@pytest.fixture(scope="session")
def _trained_once(tmp_path_factory):
    root = copy_raw(tmp_path_factory.mktemp("once") / "trained", rows=120)
    up_to_date.preprocess(Project(root), force=False)
    settings = Settings(models=("mlp",), epochs=2, seeds=1, hidden=(8,))
    up_to_date.train(Project(root), settings, lambda *_: None, jobs=1, force=False)
    return root


@pytest.fixture
def trained_project(_trained_once, tmp_path):
    """A project root with 120 houses and one run, of the options `QUICK`."""
    return shutil.copytree(_trained_once, tmp_path / "trained")


@pytest.fixture(scope="session")
def train_features() -> pd.DataFrame:
    """The real training rows with built columns."""
    return _features(read_train(RAW / "train.csv", AMES))


@pytest.fixture(scope="session")
def test_features() -> pd.DataFrame:
    """The real test rows with built columns."""
    return _features(read_test(RAW / "test.csv", AMES).frame)


def _features(rows: pd.DataFrame) -> pd.DataFrame:
    return build_features(clean_rows(rows, AMES).frame, AMES)
