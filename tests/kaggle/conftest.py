"""Kaggle's own client against a local test server, never against Kaggle."""

import os
import shutil
import sys

import pytest
from kaggle_cases import TOKEN, data_zip
from kaggle_server import serve
from situations import QUICK, copy_raw

from pipeline.cli import main
from pipeline.kaggle import client, push


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user without credentials, whose client connects to the test server."""
    for name in list(os.environ):
        if name.upper().startswith("KAGGLE_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def kaggle(server, trained, home, monkeypatch):
    """Kaggle for a signed-in user, without pauses between checks."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    monkeypatch.setattr(push, "FIRST_PAUSE", 0.01)
    server.reset()
    server.reply_to(
        "DownloadDataFiles",
        data_zip(home.parent / "data.zip", trained / "data" / "raw"),
    )
    return server


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A project with a run, for copies."""
    root = copy_raw(tmp_path_factory.mktemp("kaggle") / "project", rows=120)
    with pytest.MonkeyPatch.context() as patch:
        for command in (["preprocess"], ["train", *QUICK, "--json"]):
            patch.setattr(sys, "argv", ["pipeline", *command, "--root", str(root)])
            main()
    return root


@pytest.fixture
def root(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "project")


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
