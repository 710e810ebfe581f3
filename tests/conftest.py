"""Situations that many tests start from."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
import torch

from pipeline.clean import clean_rows
from pipeline.cli import main
from pipeline.features import build_features
from pipeline.raw import read_test, read_train

REPOSITORY = Path(__file__).parent.parent
RAW = REPOSITORY / "data" / "raw"
QUICK = ("--epochs", "2", "--seeds", "1", "--hidden", "8")


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Compute as the stages do; more threads only wait for each other here."""
    torch.set_num_threads(1)


class Result(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def pipeline(monkeypatch, capsys):
    """Run the command line in this process and give its status and output."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["pipeline", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        return Result(status, *capsys.readouterr())

    return run


def copy_raw(root: Path, rows: int | None = None) -> Path:
    """Put the real files, or their first rows, into a new project root."""
    raw = root / "data" / "raw"
    raw.mkdir(parents=True)
    for name in ("train.csv", "test.csv"):
        if rows is None:
            shutil.copy(RAW / name, raw / name)
        else:
            lines = (RAW / name).read_text(encoding="utf-8").splitlines(keepends=True)
            (raw / name).write_text("".join(lines[: rows + 1]), encoding="utf-8")
    return root


@pytest.fixture
def project(tmp_path):
    """A project root with the real data."""
    return copy_raw(tmp_path / "project")


@pytest.fixture
def small_project(tmp_path):
    """A project root with the first 120 houses of each real file."""
    return copy_raw(tmp_path / "small", rows=120)


@pytest.fixture(scope="session")
def train_features() -> pd.DataFrame:
    """The real training rows with built columns."""
    return build_features(clean_rows(read_train(RAW / "train.csv")).frame)


@pytest.fixture(scope="session")
def test_features() -> pd.DataFrame:
    """The real test rows with built columns."""
    return build_features(clean_rows(read_test(RAW / "test.csv").frame).frame)
