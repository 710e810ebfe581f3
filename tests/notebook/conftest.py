"""Frames, their schema, and a small result."""

import pandas as pd
import pytest
from situations import copy_raw
from small_tables import SCHEMA, plain

from pipeline import load, train

SETTINGS = {"models": ("mlp",), "epochs": 2, "seeds": 1, "hidden": (8,)}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return copy_raw(tmp_path_factory.mktemp("notebook") / "ames", rows=120)


@pytest.fixture(scope="module")
def frames(root):
    """The houses as pandas reads them: NA is NaN, codes are numbers.

    By default it would also read None as NaN, which is a word of MasVnrType.
    """
    only = {"keep_default_na": False, "na_values": ["NA"]}
    raw = root / "data" / "raw"
    return [pd.read_csv(raw / name, **only) for name in ("train.csv", "test.csv")]


@pytest.fixture(scope="module")
def result(frames):
    return train(load(*frames), **SETTINGS, quiet=True)


@pytest.fixture
def rows():
    return plain(), plain(8, first=101).drop(columns="y")


@pytest.fixture
def schema(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(SCHEMA, encoding="utf-8")
    return path
