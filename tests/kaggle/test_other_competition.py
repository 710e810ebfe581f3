"""Another competition than House Prices, from its files on Kaggle to its score."""

import zipfile

import pytest
from kaggle_server import Reply
from small_tables import plain, plain_project, refused_in_one_line

TRAIN = ("--model", "mlp", "--epochs", 2, "--seeds", 1, "--hidden", 8, "--folds", 3)
NAME = "tides-of-the-north"


@pytest.fixture
def files(tmp_path):
    """The zip of a competition, whose sample lists the rows from last to first."""
    test = plain(8, first=101).drop(columns="y")
    sample = test[["id"]].iloc[::-1].assign(y=0)
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name, frame in (
            ("train", plain()),
            ("test", test),
            ("sample_submission", sample),
        ):
            opened.writestr(f"{name}.csv", frame.to_csv(index=False))
    return Reply(body=path.read_bytes(), kind="application/zip")


def test_its_files_are_downloaded_and_its_submission_is_scored(
    pipeline, kaggle, files, tmp_path
):
    kaggle.reply_to("DownloadDataFiles", files)
    root = ("--root", tmp_path / "new")
    got = pipeline("download", "--from", "kaggle", "--competition", NAME, *root)
    assert got.status == 0, got.err
    assert f"`pipeline schema --competition {NAME} --root" in got.out
    for command in (
        ("schema", "--competition", NAME),
        ("preprocess",),
        ("train", *TRAIN),
        ("submit", "--push"),
    ):
        result = pipeline(*command, *root)
        assert result.status == 0, result.err
    assert "On Kaggle's leaderboard: 0.12345" in result.out
    named = [
        request.json["competitionName"]
        for request in kaggle.received
        if request.name
        in ("DownloadDataFiles", "StartSubmissionUpload", "CreateSubmission")
    ]
    assert named == [NAME] * 3
    (sent,) = [r.body for r in kaggle.received if r.name == "upload"]
    lines = sent.decode().splitlines()
    assert lines[0] == "id,y"
    assert [line.split(",")[0] for line in lines[1:]] == [
        f"r{number}" for number in range(108, 100, -1)
    ]


def test_nothing_is_sent_without_a_competition(pipeline, kaggle, tmp_path):
    root = plain_project(tmp_path)
    for command in (("preprocess",), ("train", *TRAIN)):
        assert pipeline(*command, "--root", root).status == 0
    refused_in_one_line(
        pipeline("submit", "--push", "--root", root), "names no competition"
    )
    assert not kaggle.received


def test_a_competition_is_an_option_of_kaggle_alone(pipeline, tmp_path):
    result = pipeline("download", "--competition", NAME, "--root", tmp_path)
    refused_in_one_line(result, "--competition: only with --from kaggle")
