"""Long files: read in blocks by pandas, or by record; both give the same."""

import bz2
import gzip
import lzma

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
    monkeypatch.setattr(csv_frames, "_BLOCK_ROWS", 200)


@pytest.mark.usefixtures("small_blocks")
def test_the_blocks_of_a_file_are_what_pandas_reads():
    path = RAW / "train.csv"
    assert len(list(read_blocks(path, ""))) > 5
    pd.testing.assert_frame_equal(read(path), peer(path), check_dtype=False)


@pytest.mark.usefixtures("small_blocks")
def test_a_file_with_quotes_is_read_by_record_and_gives_the_same(tmp_path):
    path = tmp_path / "quoted.csv"
    text = (RAW / "train.csv").read_text()
    path.write_text(text.replace(",RL,", ',"RL",').replace(",RM,", ',"R""M,",'))
    pd.testing.assert_frame_equal(read(path), peer(path), check_dtype=False)


@pytest.mark.usefixtures("small_blocks")
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
        ('"RL', "an unclosed quote, or a text longer than 65,536 characters"),
        ('"RL"x', "an unclosed quote, or a quote inside a cell"),
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
    with pytest.raises(UserError, match=rf"line 1234: {why}.*; "):
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


NEWLINES = {
    "in a cell": 'a,note\n1,"x\ny"\n2,z\n',
    "of Windows": 'a,note\r\n1,"x\r\ny"\r\n2,z\r\n',
    "in the header": '"a\n(m)",note\n1,x\n2,y\n',
    "beside quotes and commas": 'a,note\n1,"x ""q"",\n\n,y"\n2,"z"\n',
    "in the last cell": 'a,note\n1,"x\n"\n',
}


@pytest.mark.parametrize("text", NEWLINES.values(), ids=NEWLINES)
def test_newlines_in_quotes_are_read_as_by_pandas(tmp_path, text):
    path = tmp_path / "some.csv"
    path.write_bytes(text.encode())
    read_texts = pd.read_csv(path, dtype=object, keep_default_na=False)
    pd.testing.assert_frame_equal(read(path).reset_index(drop=True), read_texts)


def test_rows_are_indexed_by_their_first_lines(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text('a,"no\nte"\n1,"x\n\ny"\n2,z\n3,"v\nw"\n')
    assert read(path).index.tolist() == [3, 6, 7]
    path.write_text('a,note\n1,"x\ny"\n2\n')
    with pytest.raises(UserError, match="line 4: 1 cells where the header has 2; fix"):
        read(path)


@pytest.mark.parametrize("rows", range(1, 6))
def test_blocks_of_any_number_of_records_give_the_same(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(csv_frames, "_BLOCK_ROWS", rows)
    path = tmp_path / "some.csv"
    path.write_text('a,note\n1,plain\n2,"x\ny\n\nz"\n3,"v,\nw"\n4,plain\n')
    frame = read(path)
    assert frame["note"].tolist() == ["plain", "x\ny\n\nz", "v,\nw", "plain"]
    assert frame.index.tolist() == [2, 3, 7, 9]


SAME_NAMES = {
    "two equal": ("a,b,a\n1,2,3\n", "column a: duplicate column; keep one"),
    "equal in quotes": ('a,"a"\n1,2\n', "column a: duplicate column; keep one"),
    "Excel's commas": ("a,b,,\n1,2,,\n", "columns 3 and 4 have no name; name them"),
    "two blanks": ("a, ,b, \n1,2,3,4\n", "columns 2 and 4 have no name; name them"),
    "no header": (
        "1,0,0\n1,2,3\n",
        "column 0: duplicate column; keep one of them, or r",
    ),
    "commas alone": (",,,\n,,,\n", "columns 1 and 2 have no name; name them"),
    "equal with a newline": ('"a\nb","a\nb"\n1,2\n', r"column a\nb: duplicate column"),
}


@pytest.mark.parametrize(("text", "told"), SAME_NAMES.values(), ids=SAME_NAMES)
def test_names_of_columns_that_are_equal_or_empty_are_refused(tmp_path, text, told):
    path = tmp_path / "some.csv"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: {told}")


FORMS = {
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "this is UTF-16 text; save it as UTF-8"),
    "Windows-1252": (
        "a,b\n1,Süd\n".encode("cp1252"),
        "byte 0xfc (ü in Windows-1252) is not UTF-8; save the file as UTF-8",
    ),
    "Shift JIS": ("a,b\n1,東\n".encode("shift-jis"), "is not UTF-8; save the file as"),
    "gzip": (gzip.compress(b"a,b\n1,2\n"), "this is a gzip archive; unpack it"),
    "xz": (lzma.compress(b"a,b\n1,2\n"), "this is an xz archive; unpack it"),
    "bzip2": (bz2.compress(b"a,b\n1,2\n"), "this is a bzip2 archive; unpack it"),
    "a long cell": (
        b"a,b\n1," + b"x" * 70_000 + b"\n",
        "line 2: longer than 65,536 characters; shorten the text, or add the missing",
    ),
    "a long cell in quotes": (
        b'a,b\n1,"' + b"x\n" * 40_000 + b'"\n',
        "column b, line 2: an unclosed quote, or a text longer than 65,536 characters",
    ),
}


@pytest.mark.parametrize(("content", "told"), FORMS.values(), ids=FORMS)
def test_another_form_of_a_file_is_named_with_its_remedy(tmp_path, content, told):
    path = tmp_path / "some.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        list(read_blocks(path, "put the file there"))
    assert told in str(error.value)
    assert "put the file there" not in str(error.value)


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ("train.csv.gz", "no such file, but train.csv.gz is there; unpack it"),
        ("train.zip", "no such file, but train.zip is there; unpack it"),
        ("Train.CSV.txt", "no such file, but Train.CSV.txt is there; rename or con"),
        ("train.xlsx", "no such file, but train.xlsx is there; rename or convert it"),
        ("other.csv", "no such file; put the file there"),
    ],
)
def test_a_missing_file_is_found_in_another_form(tmp_path, there, told):
    (tmp_path / there).touch()
    with pytest.raises(UserError) as error:
        list(read_blocks(tmp_path / "train.csv", "put the file there"))
    assert told in str(error.value)
