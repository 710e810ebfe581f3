"""Zips from a stranger: the wanted files or one line, and nothing written."""

import random
import stat
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest

from pipeline.core.errors import UserError
from pipeline.kaggle import zip_reader
from pipeline.kaggle.zip_reader import MOST_BYTES, read_files

WANTED = ("train.csv", "test.csv")
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


def with_member(name, content=b"x", mode=stat.S_IFREG | 0o644):
    """A zip with the four good files and one more."""

    def write(path):
        write_zip(path, GOOD)
        member = ZipInfo(name)
        member.external_attr = mode << 16
        with ZipFile(path, "a") as opened:
            opened.writestr(member, content)

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
    """A small file that says honestly that it is more than the bound allows."""
    zeros = bytes(MOST_BYTES // 64)
    write_zip(path, GOOD | {f"zeros-{n}": zeros for n in range(65)})


def many(path):
    write_zip(path, GOOD | {f"{n}.txt": b"" for n in range(1000)})


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
    "above the folder": (with_member("../evil.txt"), "../evil.txt lies outside"),
    "far above": (with_member("a/../../evil.txt"), "lies outside"),
    "absolute": (with_member("/etc/evil.txt"), "/etc/evil.txt lies outside"),
    "windows' separators": (with_member("..\\evil.txt"), "lies outside"),
    "a drive": (with_member("C:/evil.txt"), "lies outside"),
    "a link": (with_member("a", b"/etc", stat.S_IFLNK | 0o777), "a is a link"),
    "train.csv is a link": (
        with_member("x/train.csv", b"/etc", stat.S_IFLNK),
        "x/train.csv is a link",
    ),
    "a device": (with_member("tty", b"", stat.S_IFCHR), "neither a file nor a folder"),
    "a bomb": (bomb, "bytes once unpacked"),
    "many files": (many, "1,004 files"),
    "encrypted": (encrypted, "train.csv is encrypted"),
    "more than it says": (wrongly_sized(100), "Bad CRC-32"),
    "less than it says": (wrongly_sized(5000), "not as long as it says"),
    "cut": (with_bytes(lambda content: content[:-30]), "not a zip"),
    "torn": (with_bytes(torn), "not a zip"),
    "a page": (lambda path: path.write_text("<html>Sign in</html>"), "not a zip"),
    "nothing": (lambda path: path.write_bytes(b""), "not a zip"),
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
    "two of a name": (with_member("more/train.csv"), "train.csv stands in it 2 times"),
    "bzip2": (lambda path: write_zip(path, GOOD, ZIP_BZIP2), "not read here"),
    "lzma": (lambda path: write_zip(path, GOOD, ZIP_LZMA), "not read here"),
    "escape codes": (with_member("../\x1b[2J\nevil"), r"../\x1b[2J\nevil lies"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_harmful_or_broken_zip_is_refused_in_one_line_that_names_it(case, tmp_path):
    write, why = REFUSED[case]
    path = tmp_path / "houses.zip"
    write(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError) as refusal:
        read_files(path, WANTED)
    message = str(refusal.value)
    assert str(path) in message
    assert why in message
    assert message.isprintable()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("folder", ["", "house-prices/", "a/b/"])
def test_the_wanted_files_are_read_from_any_folder_of_the_zip(folder, tmp_path):
    files = {folder + name: content for name, content in GOOD.items()}
    found = read_files(write_zip(tmp_path / "houses.zip", files), WANTED)
    assert found == {name: GOOD[name] for name in WANTED}


def test_a_file_over_the_bound_is_not_even_opened(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "houses.zip", GOOD)
    monkeypatch.setattr(zip_reader, "MOST_BYTES", path.stat().st_size - 1)
    with pytest.raises(UserError, match="more than"):
        read_files(path, WANTED)


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
            found = read_files(path, WANTED)
        except UserError:
            refused += 1
        else:
            assert found == {name: GOOD[name] for name in WANTED}
    assert 0 < refused < 500
