"""The sources of train.csv and test.csv, and which files may be replaced."""

import hashlib
import json
import re
import shutil
from zipfile import ZipFile

import pytest
from situations import RAW, copy_raw

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.stages import download

NAMES = ("train.csv", "test.csv")


def contents(folder):
    return {name: (folder / name).read_bytes() for name in NAMES}


def files_below(folder):
    """Every path below a folder with its bytes, hidden ones included."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def yours(tmp_path):
    """A folder with the first 120 houses of each file, in place of Kaggle's."""
    return copy_raw(tmp_path / "yours", rows=120) / "data" / "raw"


@pytest.fixture
def zipped(yours, tmp_path):
    """The same as a zip, with the other files and the folder that a zip may have."""
    path = tmp_path / "houses.zip"
    with ZipFile(path, "w") as opened:
        for name in NAMES:
            opened.write(yours / name, f"house-prices/{name}")
        opened.writestr("house-prices/data_description.txt", "MSSubClass")
        opened.writestr("house-prices/sample_submission.csv", "Id,SalePrice\n1461,1\n")
    return path


def test_the_files_that_come_with_the_project_are_placed_with_their_checksums(
    pipeline, tmp_path
):
    result = pipeline("download", "--root", tmp_path)
    assert result.status == 0, result.err
    assert contents(tmp_path / "data" / "raw") == contents(RAW)
    for name, content in contents(RAW).items():
        assert f"{name}: placed" in result.out
        assert hashlib.sha256(content).hexdigest() in result.out
    assert len(files_below(tmp_path)) == 2


def test_the_digests_in_the_code_are_those_beside_the_data():
    written = (RAW / "README.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"(\w+\.csv) \| [\d,]+ \| (\w{64})", written)) == (
        download.DIGESTS
    )


def test_in_an_installed_package_they_lie_inside_it(tmp_path, monkeypatch):
    shutil.copytree(RAW, tmp_path / "pipeline" / "bundled")
    monkeypatch.setattr(download, "PACKAGE", tmp_path / "pipeline")
    download.download(Project(tmp_path / "root"))
    assert contents(tmp_path / "root" / "data" / "raw") == contents(RAW)


def test_a_second_time_it_says_that_they_are_there_already(pipeline, tmp_path):
    pipeline("download", "--root", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in files_below(tmp_path)}
    record = json.loads(pipeline("download", "--root", tmp_path, "--json").out)
    assert record["skipped"]
    assert set(record["states"].values()) == {"already there"}
    assert {p: p.stat().st_mtime_ns for p in files_below(tmp_path)} == before


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_files_of_your_own_are_read_from_a_zip_or_a_folder(
    kind, pipeline, yours, zipped, tmp_path
):
    root = tmp_path / "root"
    source = zipped if kind == "zip" else yours
    assert pipeline("download", "--from", source, "--root", root).status == 0
    assert contents(root / "data" / "raw") == contents(yours)
    assert len(files_below(root)) == 2


def test_other_files_are_replaced_only_with_force_and_both_or_none(
    pipeline, yours, zipped, tmp_path
):
    root = tmp_path / "root"
    raw = copy_raw(root) / "data" / "raw"
    shutil.copy(yours / "train.csv", raw)
    before = files_below(root)
    refusal = pipeline("download", "--from", zipped, "--root", root)
    assert refusal.status == 2
    assert f"{raw / 'test.csv'}: a different file is there" in refusal.err
    assert "--force replaces it" in refusal.err
    assert files_below(root) == before

    done = pipeline("download", "--from", zipped, "--root", root, "--force")
    assert "train.csv: already there" in done.out
    assert "test.csv: replaced" in done.out
    assert contents(raw) == contents(yours)
    assert len(files_below(root)) == 2


def without_a_price(folder):
    path = folder / "train.csv"
    path.write_text(path.read_text().replace(",208500", ",free", 1))


def swapped(folder):
    train, test = contents(folder).values()
    (folder / "train.csv").write_bytes(test)
    (folder / "test.csv").write_bytes(train)


UNUSABLE = {
    "a bad price": (without_a_price, "train.csv: column SalePrice, line 2: 'free'"),
    "swapped": (swapped, "train.csv: column SalePrice: missing"),
    "one missing": (lambda folder: (folder / "test.csv").unlink(), "test.csv: no such"),
    "cut": (
        lambda folder: (folder / "test.csv").write_bytes(
            (folder / "test.csv").read_bytes()[:-40]
        ),
        "test.csv: line 121",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_files_that_preprocess_could_not_read_are_refused_before_any_is_replaced(
    case, yours, tmp_path
):
    spoil, why = UNUSABLE[case]
    spoil(yours)
    root = tmp_path / "root"
    copy_raw(root)
    before = files_below(root)
    with pytest.raises(UserError) as refusal:
        download.download(Project(root), str(yours), force=True)
    assert why in str(refusal.value)
    assert files_below(root) == before


def test_a_file_inside_a_zip_is_named_by_the_zip_and_not_by_a_temporary_folder(
    tmp_path,
):
    path = tmp_path / "houses.zip"
    with ZipFile(path, "w") as opened:
        opened.writestr("train.csv", "Id,SalePrice\n1,2\n")
        opened.writestr("test.csv", "Id\n3\n")
    with pytest.raises(UserError) as refusal:
        download.download(Project(tmp_path / "root"), str(path))
    assert str(refusal.value).startswith(f"{path}: train.csv: line 1: this is a sub")
    assert not (tmp_path / "root").exists()


def test_a_source_that_is_not_there_is_one_line(pipeline, tmp_path):
    result = pipeline("download", "--from", "nowhere.zip", "--root", tmp_path)
    assert result.status == 2
    assert "--from nowhere.zip: no such file or folder" in result.err
    assert "bundled, kaggle, a zip or a folder" in result.err


def test_a_source_that_no_path_can_have_is_one_line(pipeline, tmp_path):
    result = pipeline("download", "--from", "a" * 300, "--root", tmp_path)
    assert result.status == 2
    assert "cannot be read (File name too long)" in result.err


def test_clothes_do_not_come_from_kaggle(pipeline, tmp_path):
    result = pipeline("download", "fashion-mnist", "--from", "kaggle")
    assert result.status == 2
    assert "only the houses" in result.err


def test_a_bundled_file_that_was_changed_is_not_passed_on(tmp_path, monkeypatch, yours):
    monkeypatch.setattr(download, "bundled", lambda: yours)
    with pytest.raises(UserError, match="git checkout data/raw"):
        download.download(Project(tmp_path / "root"))
    assert not (tmp_path / "root").exists()


def test_a_folder_in_the_place_of_a_file_is_one_line(tmp_path, yours):
    (tmp_path / "data" / "raw" / "train.csv").mkdir(parents=True)
    with pytest.raises(UserError, match=r"train\.csv: cannot be read"):
        download.download(Project(tmp_path), str(yours), force=True)


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path, yours):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written to"):
        download.download(Project(tmp_path), str(yours))


def test_a_folder_with_a_packed_file_is_refused_with_its_name(pipeline, tmp_path):
    folder = copy_raw(tmp_path / "packed", rows=3) / "data" / "raw"
    (folder / "train.csv").rename(folder / "train.csv.gz")
    root = tmp_path / "new"
    result = pipeline("download", "--from", folder, "--root", root)
    assert result.status == 2
    assert "no such file, but train.csv.gz is there; unpack it" in result.err
    assert not root.exists()
