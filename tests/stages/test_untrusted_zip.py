"""Untrusted zips: the wanted files or a one-line error, and nothing written."""

import random
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest

from pipeline.core.errors import UserError
from pipeline.stages import download
from pipeline.stages.download import MOST_BYTES, read_zip

WANTED = ("train.csv", "test.csv", "sample_submission.csv")
GOOD = {
    "train.csv": b"Id,SalePrice\n1,2\n" * 50,
    "test.csv": b"Id\n3\n" * 50,
    "sample_submission.csv": b"Id,SalePrice\n3,1\n",
    "data_description.txt": b"MSSubClass: a kind of dwelling\n",
}


def write_zip(path, files, compression=ZIP_DEFLATED):
    with ZipFile(path, "w", compression) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


def with_member(name, content=b"x"):
    """A zip with the four good files and one more."""

    def write(path):
        write_zip(path, GOOD)
        with ZipFile(path, "a") as opened:
            opened.writestr(ZipInfo(name), content)

    return write


def with_bytes(change):
    """A good zip whose bytes are changed."""

    def write(path):
        path.write_bytes(change(write_zip(path, GOOD).read_bytes()))

    return write


def patched(content, name, offset, value):
    """The zip with bytes set in the central directory's entry of a file."""
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(name))
    place = entry + offset
    return content[:place] + value + content[place + len(value) :]


def bomb(path):
    """A small zip whose files are, as it declares, larger than the bound."""
    zeros = bytes(MOST_BYTES // 2 + 1)
    write_zip(path, GOOD | {"train.csv": zeros, "test.csv": zeros})


def encrypted(path):
    content = write_zip(path, GOOD).read_bytes()
    path.write_bytes(patched(content, b"train.csv", 8, b"\x01\x00"))


def wrongly_sized(size):
    def write(path):
        content = write_zip(path, GOOD).read_bytes()
        path.write_bytes(patched(content, b"train.csv", 24, size.to_bytes(4, "little")))

    return write


def torn(content):
    middle = content.index(b"train.csv") + 30
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


REFUSED = {
    "a bomb": (bomb, "bytes when decompressed"),
    "encrypted": (encrypted, "is encrypted"),
    "more than it says": (wrongly_sized(100), "Bad CRC-32"),
    "less than it says": (wrongly_sized(5000), "not have its declared size"),
    "cut": (with_bytes(lambda content: content[:-30]), "not a readable zip"),
    "torn": (with_bytes(torn), "not a readable zip"),
    "a page": (
        lambda path: path.write_text("<html>Sign in</html>"),
        "not a readable zip",
    ),
    "nothing": (lambda path: path.write_bytes(b""), "not a readable zip"),
    "a folder": (lambda path: path.mkdir(), "Is a directory"),
    "not there": (lambda path: None, "No such file"),
    "no train.csv": (
        lambda path: write_zip(path, {"test.csv": b"", "a.txt": b""}),
        "no train.csv in it, but test.csv, a.txt",
    ),
    "no file at all": (lambda path: write_zip(path, {}), "no train.csv in it"),
    "train.csv a folder": (
        lambda path: write_zip(path, {"train.csv/": b"", "test.csv": b""}),
        "no train.csv in it",
    ),
    "two of a name": (with_member("more/train.csv"), "2 files named train.csv"),
    "two of a name, one outside": (with_member("../train.csv"), "2 files named"),
    "bzip2": (lambda path: write_zip(path, GOOD, ZIP_BZIP2), "unsupported compression"),
    "lzma": (lambda path: write_zip(path, GOOD, ZIP_LZMA), "unsupported compression"),
    "escape codes": (
        lambda path: write_zip(path, {"../\x1b[2J\nevil": b""}),
        r"but ../\x1b[2J evil",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_zip_is_refused_in_one_line_that_names_it(case, tmp_path):
    write, why = REFUSED[case]
    path = tmp_path / "houses.zip"
    write(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError) as refusal:
        read_zip(path)
    message = str(refusal.value)
    assert str(path) in message
    assert why in message
    assert message.isprintable()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "folder", ["", "house-prices/", "a/b/", "../", "/etc/", "..\\", "C:\\"]
)
def test_the_wanted_files_are_read_from_any_folder_of_the_zip(folder, tmp_path):
    files = {folder + name: content for name, content in GOOD.items()}
    found = read_zip(write_zip(tmp_path / "houses.zip", files))
    assert found == {name: GOOD[name] for name in WANTED}


def test_a_file_over_the_bound_is_not_even_opened(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "houses.zip", GOOD)
    monkeypatch.setattr(download, "MOST_BYTES", path.stat().st_size - 1)
    with pytest.raises(UserError, match="more than"):
        read_zip(path)


def test_a_zip_with_any_bytes_changed_is_read_right_or_refused(tmp_path):
    path = write_zip(tmp_path / "houses.zip", GOOD)
    whole = path.read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(500):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(
            content[: chance.choice([len(content), chance.randrange(9999)])]
        )
        try:
            found = read_zip(path)
        except UserError:
            refused += 1
        else:
            assert found.keys() >= {"train.csv", "test.csv"}
            assert found.items() <= GOOD.items()
    assert 0 < refused < 500
