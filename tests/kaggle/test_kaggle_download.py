"""The competition's files from Kaggle, and all that may come instead."""

import pytest
from kaggle_cases import FAILURES, NAMES, TOKEN, data_zip, told_in_one_line
from kaggle_server import SIGNATURE, Reply
from situations import RAW

from pipeline.kaggle import client


def test_the_files_come_from_kaggle(pipeline, kaggle, tmp_path):
    kaggle.will("DownloadDataFiles", data_zip(tmp_path / "all.zip", RAW))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    raw = tmp_path / "new" / "data" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == ["test.csv", "train.csv"]
    for name in NAMES:
        assert (raw / name).read_bytes() == (RAW / name).read_bytes()
    (asked,) = kaggle.asked
    assert asked.json == {
        "competitionName": "house-prices-advanced-regression-techniques"
    }
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"


def test_credentials_do_not_follow_to_the_storage_that_kaggle_points_to(
    pipeline, kaggle, tmp_path
):
    elsewhere = f"http://127.0.0.1:7777/files/houses.zip?X-Signature={SIGNATURE}"
    kaggle.will("houses.zip", kaggle.reply("DownloadDataFiles"))
    kaggle.will("DownloadDataFiles", Reply(302, headers=(("Location", elsewhere),)))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    assert [each.what for each in kaggle.asked] == ["DownloadDataFiles", "houses.zip"]
    assert "Authorization" not in kaggle.asked[1].headers


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", FAILURES)
def test_a_download_that_fails_is_one_line_and_changes_nothing(
    case, pipeline, kaggle, tmp_path
):
    reply, why = FAILURES[case]
    kaggle.will("DownloadDataFiles", reply)
    root = tmp_path / "new"
    result = pipeline("download", "--from", "kaggle", "--root", root)
    told_in_one_line(result, why, root)
    assert result.err.count("\n") == 1
    assert not root.exists()
    assert kaggle.count("DownloadDataFiles") == 1


BROKEN_DATA = {
    "cut short": (lambda zip_: zip_._replace(promised=len(zip_.body) + 9), "was cut"),
    "torn": (lambda zip_: zip_._replace(body=zip_.body[:-99]), "not a zip"),
    "a page": (lambda zip_: Reply(body=b"<html>", kind="text/html"), "not a zip"),
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
    whole = data_zip(tmp_path / "whole.zip", RAW)
    kaggle.will("DownloadDataFiles", change(whole))
    root = tmp_path / "new"
    result = pipeline("download", "--from", "kaggle", "--root", root)
    told_in_one_line(result, why, root)
    assert not root.exists()


def test_more_bytes_than_any_such_zip_has_are_not_taken(
    pipeline, kaggle, tmp_path, monkeypatch
):
    monkeypatch.setattr(client, "MOST_BYTES", 9_000)
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    told_in_one_line(result, "sends more than 9,000 bytes", tmp_path / "new")


@pytest.mark.usefixtures("kaggle")
def test_a_client_told_to_talk_elsewhere_than_it_knows_is_one_line(
    pipeline, tmp_path, monkeypatch
):
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "MARS")
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    told_in_one_line(result, "KAGGLE_API_ENVIRONMENT: not a value", tmp_path / "new")
