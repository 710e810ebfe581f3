"""Downloads of the competition's files, complete or broken."""

import pytest
from kaggle_cases import FAILURES, NAMES, TOKEN, data_zip, fails_in_one_line
from kaggle_server import SIGNATURE, Reply
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


def test_a_download_that_is_too_large_is_aborted(
    pipeline, kaggle, tmp_path, monkeypatch
):
    monkeypatch.setattr(download, "MOST_BYTES", 9_000)
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    fails_in_one_line(result, "sends more than 9,000 bytes", tmp_path / "new")


@pytest.mark.usefixtures("kaggle")
def test_an_unknown_kaggle_environment_is_one_line(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "MARS")
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    fails_in_one_line(result, "KAGGLE_API_ENVIRONMENT: unknown", tmp_path / "new")
