"""Downloads of the competition's files, complete or broken."""

import io
import zipfile

import pytest
from kaggle_cases import FAILURES, NAMES, TOKEN, data_zip, fails_in_one_line
from kaggle_server import SIGNATURE, Reply, rejects
from situations import RAW

from pipeline.stages import download


def test_the_files_come_from_kaggle(pipeline, kaggle, tmp_path):
    kaggle.reply_to("DownloadDataFiles", data_zip(tmp_path / "all.zip", RAW))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    raw = tmp_path / "new" / "data" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == ["test.csv", "train.csv"]
    for name in NAMES:
        assert (raw / name).read_bytes() == (RAW / name).read_bytes()
    (request,) = kaggle.received
    assert request.json == {
        "competitionName": "house-prices-advanced-regression-techniques"
    }
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_credentials_are_not_sent_to_the_storage_that_kaggle_redirects_to(
    pipeline, kaggle, tmp_path
):
    elsewhere = f"http://127.0.0.1:7777/files/houses.zip?X-Signature={SIGNATURE}"
    kaggle.reply_to("houses.zip", kaggle.reply("DownloadDataFiles"))
    kaggle.reply_to("DownloadDataFiles", Reply(302, headers=(("Location", elsewhere),)))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    assert [each.name for each in kaggle.received] == [
        "DownloadDataFiles",
        "houses.zip",
    ]
    assert "Authorization" not in kaggle.received[1].headers


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", FAILURES)
def test_a_download_that_fails_is_one_line_and_changes_nothing(
    case, pipeline, kaggle, tmp_path
):
    reply, why = FAILURES[case]
    kaggle.reply_to("DownloadDataFiles", reply)
    root = tmp_path / "new"
    result = pipeline("download", "--from", "kaggle", "--root", root)
    fails_in_one_line(result, why, root)
    assert result.err.count("\n") == 1
    assert not root.exists()
    assert kaggle.count("DownloadDataFiles") == 1


BROKEN_DATA = {
    "incomplete": (
        lambda zip_: zip_._replace(promised=len(zip_.body) + 9),
        "was closed",
    ),
    "truncated": (
        lambda zip_: zip_._replace(body=zip_.body[:-99]),
        "not a readable zip",
    ),
    "a page": (
        lambda zip_: Reply(body=b"<html>", kind="text/html"),
        "not a readable zip",
    ),
    "other files": (
        lambda zip_: zip_._replace(body=zip_.body.replace(b"train.csv", b"other.csv")),
        "no train.csv in it, but other.csv, test.csv",
    ),
}


@pytest.mark.parametrize("case", BROKEN_DATA)
def test_a_broken_download_is_one_line_and_changes_nothing(
    case, pipeline, kaggle, tmp_path
):
    change, why = BROKEN_DATA[case]
    complete = data_zip(tmp_path / "complete.zip", RAW)
    kaggle.reply_to("DownloadDataFiles", change(complete))
    root = tmp_path / "new"
    result = pipeline("download", "--from", "kaggle", "--root", root)
    fails_in_one_line(result, why, root)
    assert not root.exists()


def _file(content):
    return Reply(body=content, kind="text/csv")


def test_a_download_that_is_too_large_is_aborted(
    pipeline, kaggle, tmp_path, monkeypatch
):
    monkeypatch.setattr(download, "MOST_BYTES", 9_000)
    kaggle.reply_to("DownloadDataFile", _file(b"a,b\n" * 9_000))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    fails_in_one_line(result, "train.csv has more than 9,000 bytes", tmp_path / "new")


@pytest.mark.parametrize("sample", [True, False])
def test_the_single_files_of_a_large_zip_are_downloaded(
    pipeline, kaggle, tmp_path, monkeypatch, sample
):
    monkeypatch.setattr(download, "MOST_BYTES", 9_000)
    texts = [b"id,a,y\n1,2,3\n2,3,4\n", b"id,a\n3,4\n", b"id,y\n3,1\n"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:  # Kaggle compresses long files
        opened.writestr("test.csv", texts[1])
    replies = [_file(texts[0]), _file(packed.getvalue())]
    last = _file(texts[2]) if sample else rejects(404, "Not Found")
    kaggle.reply_to("DownloadDataFiles", _file(b"x" * 10_000))
    kaggle.reply_to("DownloadDataFile", *replies, last)
    options = ("--competition", "tides", "--root", tmp_path / "new")
    result = pipeline("download", "--from", "kaggle", *options)
    assert result.status == 0, result.err
    raw = tmp_path / "new" / "data" / "raw"
    names = ["train.csv", "test.csv", "sample_submission.csv"][: 2 + sample]
    assert sorted(path.name for path in raw.iterdir()) == sorted(names)
    for name, text in zip(names, texts, strict=False):
        assert (raw / name).read_bytes() == text
    asked = [each.json for each in kaggle.received if each.name == "DownloadDataFile"]
    assert asked[0] == {"competitionName": "tides", "fileName": "train.csv"}


@pytest.mark.parametrize("status", [400, 404])
def test_a_competition_that_there_is_not_is_named(pipeline, kaggle, tmp_path, status):
    kaggle.reply_to("DownloadDataFiles", rejects(status, "Not Found"))
    options = ("--competition", "titanik", "--root", tmp_path / "new")
    result = pipeline("download", "--from", "kaggle", *options)
    why = f"({status}: Not Found) for the competition titanik; is this its name in its"
    fails_in_one_line(result, why, tmp_path / "new")


@pytest.mark.usefixtures("kaggle")
def test_an_unknown_kaggle_environment_is_one_line(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "MARS")
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    fails_in_one_line(result, "KAGGLE_API_ENVIRONMENT: unknown", tmp_path / "new")
