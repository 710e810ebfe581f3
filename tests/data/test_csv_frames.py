"""Long files: read in blocks by pandas, or line by line; both give the same."""

import numpy as np
import pandas as pd
import pytest
from situations import RAW

from pipeline.core.errors import UserError
from pipeline.data import csv_frames
from pipeline.data.csv_frames import csv_blocks, read_blocks


def read(path):
    header, *blocks = read_blocks(path, "mend it")
    assert len(header) == 0
    return pd.concat(blocks)


def peer(path):
    """The file as Python's text and pandas read it, indexed by line number."""
    frame = pd.read_csv(path, dtype=object, keep_default_na=False)
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(csv_frames, "_BLOCK", 50_000)


@pytest.mark.usefixtures("small_blocks")
def test_the_blocks_of_a_file_are_what_pandas_reads():
    path = RAW / "train.csv"
    assert len(list(read_blocks(path, ""))) > 5
    pd.testing.assert_frame_equal(read(path), peer(path), check_dtype=False)


@pytest.mark.usefixtures("small_blocks")
def test_a_block_with_quotes_is_read_line_by_line_and_gives_the_same(tmp_path):
    path = tmp_path / "quoted.csv"
    text = (RAW / "train.csv").read_text()
    path.write_text(text.replace(",RL,", ',"RL",').replace(",RM,", ',"R""M,",'))
    pd.testing.assert_frame_equal(read(path), peer(path), check_dtype=False)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_gives_the_same(tmp_path, ending):
    path = tmp_path / "some.csv"
    text = (RAW / "train.csv").read_text()
    path.write_bytes(text.replace("\n", ending).encode())
    pd.testing.assert_frame_equal(read(path), read(RAW / "train.csv"))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ('"RL', "an unclosed quote, or a quote inside a cell"),
        ("R,L", "82 cells where the header has 81"),
        ("R\0L", "a NUL byte"),
        ("R" * 70_000, "longer than 65,536 characters"),
    ],
)
def test_a_broken_line_far_down_is_named(tmp_path, cell, why):
    path = tmp_path / "broken.csv"
    lines = (RAW / "train.csv").read_text().splitlines()
    lines[1233] = lines[1233].replace(",RL,", f",{cell},")
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=rf"line 1234: {why}.*; mend it"):
        read(path)


def test_a_frame_is_written_as_by_pandas():
    frame = pd.DataFrame(
        {
            "Id": [3, 1, 2, 7],
            "size": [0.1 + 0.2, np.nan, -0.0, 1e22],
            "zone, old": pd.Categorical(['a"b', None, "c,d", "RL"]),
            "centred": [0.0, -0.0, 1 / 3, 5e-324],
        }
    )
    assert "".join(csv_blocks(frame)) == frame.to_csv(index=False)


def test_many_rows_are_written_in_blocks_as_by_pandas(train_features, monkeypatch):
    monkeypatch.setattr(csv_frames, "_BLOCK_ROWS", 100)
    assert "".join(csv_blocks(train_features)) == train_features.to_csv(index=False)
