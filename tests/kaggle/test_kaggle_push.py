"""A submission sent once, its score kept, and all that may go wrong on the way."""

import json
import socket
import sys

import pytest
from kaggle_cases import (
    FAILURES,
    KEY,
    LIMIT_WORDS,
    STRANGE,
    no_secret_in,
    told_in_one_line,
)
from kaggle_server import ADDRESS, CUT, SIGNATURE, SILENT, Reply, refuses, says, scored

from pipeline.core.errors import UserError
from pipeline.kaggle import push

UPLOAD = f"{ADDRESS}/upload?sig={SIGNATURE}"


def answer_file(root):
    (path,) = (root / "submissions").glob("*.kaggle.json")
    return path


def answer(root):
    return json.loads(answer_file(root).read_text())


def test_a_submission_is_sent_scored_and_kept_beside_the_file(pipeline, kaggle, root):
    kaggle.will(
        "GetSubmission",
        refuses(404, "Not Found"),
        scored("PENDING"),
        scored("COMPLETE", publicScore="0.12345", privateScore="0.2"),
    )
    run_before = {p: p.read_bytes() for p in (root / "runs").rglob("*") if p.is_file()}
    result = pipeline("submit", "--push", "-m", "wider layers", "--root", root)
    assert result.status == 0, result.err
    assert "On Kaggle's leaderboard: 0.12345 (submission 4711)" in result.out
    assert "Upload it" not in result.out
    assert "submission 4711: waiting for the score" in result.err

    sent = (root / "submissions" / answer(root)["file"]).read_bytes()
    (start,) = [each.json for each in kaggle.asked if each.what.startswith("Start")]
    (put,) = [each for each in kaggle.asked if each.what == "upload"]
    (create,) = [each.json for each in kaggle.asked if each.what == "CreateSubmission"]
    assert start["contentLength"] == len(sent)
    assert put.body == sent
    assert "Authorization" not in put.headers
    assert create["submissionDescription"] == "wider layers"
    assert create["blobFileTokens"] == "blob-1"
    assert answer(root)["status"] == "complete"
    assert answer(root)["public_score"] == 0.12345
    assert answer(root)["private_score"] == 0.2
    run_after = {p: p.read_bytes() for p in (root / "runs").rglob("*") if p.is_file()}
    assert run_after == run_before


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_credential_is_in_anything_that_is_written_or_shown(
    form, pipeline, kaggle, root
):
    results = [
        pipeline(*command, *form, "--root", root)
        for command in (
            ["submit", "--push"],
            ["runs"],
            ["download", "--from", "kaggle"],
        )
    ]
    assert [result.status for result in results] == [0, 0, 0]
    assert no_secret_in("".join(each.out + each.err for each in results), root)


def test_runs_shows_cross_validation_and_leaderboard_side_by_side(
    pipeline, kaggle, root
):
    pipeline("submit", "--root", root)
    assert "not sent" in pipeline("runs", "--root", root).out
    pushed = pipeline("submit", "--push", "--root", root, "--json")
    assert json.loads(pushed.out)["kaggle"] == answer(root)
    assert pushed.err == ""
    (run,) = json.loads(pipeline("runs", "--root", root, "--json").out)["runs"]
    assert run["leaderboard"] == 0.12345
    assert run["kaggle"] == answer(root)
    shown = pipeline("runs", "--root", root).out
    assert f"{run['cv_log_rmse']:.4f}" in shown
    assert "0.1235" in shown


def test_without_a_message_the_run_and_its_score_are_the_message(
    pipeline, kaggle, root
):
    pipeline("submit", "--push", "--root", root)
    (run,) = json.loads(pipeline("runs", "--root", root, "--json").out)["runs"]
    assert answer(root)["message"].startswith(run["run_id"])
    assert f"{run['cv_log_rmse']:.4f}" in answer(root)["message"]


def test_the_same_file_is_not_sent_twice_unless_told(pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    assert "the same file went to Kaggle" in result.err
    assert "scored 0.12345; --again sends it once more" in result.err
    assert kaggle.count("CreateSubmission") == 1
    kaggle.will("GetSubmission", scored("COMPLETE", publicScore="0.11"))
    assert pipeline("submit", "--push", "--again", "--root", root).status == 0
    assert kaggle.count("CreateSubmission") == 2
    assert answer(root)["public_score"] == 0.11


def test_the_same_file_of_another_run_is_not_sent_either(pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    answer_file(root).rename(root / "submissions" / "other.kaggle.json")
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    assert kaggle.count("CreateSubmission") == 1


def test_a_score_still_to_come_is_waited_for_without_sending_again(
    pipeline, kaggle, root, monkeypatch
):
    monkeypatch.setattr(push, "LIMIT", 0.1)
    kaggle.will("GetSubmission", scored("PENDING"))
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    assert "no score after 0 s (waiting for the score)" in result.err
    assert "the same command asks again and sends nothing" in result.err
    assert answer(root)["status"] == "pending"
    assert "waiting" in pipeline("runs", "--root", root).out

    kaggle.will("GetSubmission", scored("COMPLETE", publicScore="0.12"))
    assert pipeline("submit", "--push", "--root", root).status == 0
    assert answer(root)["public_score"] == 0.12
    assert kaggle.count("CreateSubmission") == kaggle.count("upload") == 1


def test_trouble_while_waiting_is_told_and_outlived(pipeline, kaggle, root):
    kaggle.will(
        "GetSubmission",
        refuses(500, "Oops"),
        CUT,
        refuses(429, "Slow down", Retry_After="0.05"),
        Reply(body=b"<html>", kind="text/html"),
        scored("COMPLETE", publicScore="0.12"),
    )
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 0, result.err
    for told in ("(500: Oops)", "was cut", "asks to wait (429", "not be understood"):
        assert told.replace("not be", "cannot be") in result.err
    assert kaggle.count("GetSubmission") == 5


def test_a_file_that_kaggle_cannot_score_is_told_and_kept(pipeline, kaggle, root):
    why = "Evaluation Exception:\n\x1b[31mno Id 1461"
    kaggle.will("GetSubmission", scored("ERROR", errorDescription=why))
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    line = "Kaggle could not score it: Evaluation Exception: [31mno Id 1461"
    assert line in result.err
    assert "\x1b" not in result.err + answer_file(root).read_text()
    assert answer(root)["status"] == "error"
    assert "failed" in pipeline("runs", "--root", root).out
    assert "could not be scored" in pipeline("submit", "--push", "--root", root).err


def test_an_interrupted_wait_goes_on_where_it_stopped(
    pipeline, kaggle, root, monkeypatch
):
    def interrupt(_):
        raise KeyboardInterrupt

    kaggle.will("GetSubmission", scored("PENDING"))
    with monkeypatch.context() as patch:
        patch.setattr(push.time, "sleep", interrupt)
        assert pipeline("submit", "--push", "--root", root).status == 130
    kaggle.will("GetSubmission", scored("COMPLETE", publicScore="0.12"))
    assert pipeline("submit", "--push", "--root", root).status == 0
    assert kaggle.count("CreateSubmission") == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", FAILURES | STRANGE)
@pytest.mark.parametrize("step", ["StartSubmissionUpload", "CreateSubmission"])
def test_a_sending_that_fails_is_one_line_and_leaves_no_false_trace(
    step, case, pipeline, kaggle, root, monkeypatch
):
    reply, why = (FAILURES | STRANGE)[case]
    kaggle.will(step, reply)
    result = pipeline("submit", "--push", "--root", root)
    told_in_one_line(result, why, root)
    assert kaggle.count(step) == 1
    records = list((root / "submissions").glob("*.kaggle.json"))
    refused = 400 <= reply.status < 500
    assert bool(records) == (step == "CreateSubmission" and not refused)

    kaggle.will("CreateSubmission", says({"message": "Thanks", "ref": 4711}))
    kaggle.will("StartSubmissionUpload", says({"token": "b", "createUrl": UPLOAD}))
    second = pipeline("submit", "--push", "--root", root)
    if records:  # it may have been taken: that is for a person to look up
        assert "whether Kaggle took the file is not known" in result.err
        told_in_one_line(second, "and was cut off; look at https://www.kaggle", root)
        second = pipeline("submit", "--push", "--again", "--root", root)
    assert second.status == 0, second.err


BAD_UPLOADS = {
    "refused": (Reply(403, b"<xml>"), "the upload failed (403); try again"),
    "its trouble": (Reply(503), "the upload failed (503)"),
    "cut": (CUT, "was cut"),
    "no answer": (SILENT, "did not answer"),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", BAD_UPLOADS)
def test_an_upload_that_fails_sends_nothing_in(case, pipeline, kaggle, root):
    reply, why = BAD_UPLOADS[case]
    kaggle.will("upload", reply)
    told_in_one_line(pipeline("submit", "--push", "--root", root), why, root)
    assert kaggle.count("CreateSubmission") == 0
    assert not list((root / "submissions").glob("*.kaggle.json"))


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "nowhere"])
def test_an_upload_address_that_is_none_is_one_line(address, pipeline, kaggle, root):
    kaggle.will("StartSubmissionUpload", says({"token": "b", "createUrl": address}))
    told_in_one_line(pipeline("submit", "--push", "--root", root), "understood", root)


def test_an_answer_of_an_earlier_sending_outlives_a_refusal(pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    before = answer(root)
    kaggle.will("CreateSubmission", refuses(400, LIMIT_WORDS))
    result = pipeline("submit", "--push", "--again", "--root", root)
    told_in_one_line(result, "the day's submissions are used up", root)
    assert answer(root) == before


def test_no_network_is_one_line(pipeline, kaggle, root, monkeypatch):
    def no_name(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    result = pipeline("submit", "--push", "--root", root)
    told_in_one_line(result, "cannot be reached; is there a network", root)


def test_a_proxy_that_is_not_there_is_one_line(pipeline, kaggle, root, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://ada:{KEY}@127.0.0.1:9")
    result = pipeline("submit", "--push", "--root", root)
    told_in_one_line(result, "or a proxy to name", root)


@pytest.mark.parametrize(
    "arguments", [["download", "--from", "kaggle"], ["submit", "--push"]]
)
def test_without_the_client_the_line_says_what_to_install(
    arguments, pipeline, root, monkeypatch
):
    monkeypatch.setitem(sys.modules, "kagglesdk", None)
    for name in ("client", "push", "login", "errors"):
        monkeypatch.delitem(sys.modules, f"pipeline.kaggle.{name}", raising=False)
    result = pipeline(*arguments, "--root", root)
    assert result.status == 2
    assert "pip install 'house-price-pipeline[kaggle]'" in result.err
    assert not (root / "submissions").exists()


def test_the_part_of_the_client_that_signs_in_when_imported_is_not_imported(
    pipeline, kaggle, home, root
):
    assert pipeline("submit", "--push", "--root", root).status == 0
    assert "kaggle" not in sys.modules
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"public_score": "<b>", "file": 1}', "\xff\xfe"]
)
def test_a_record_that_is_none_is_refused_by_name(content, pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    path = answer_file(root)
    path.write_bytes(content.encode("latin-1"))
    for command in (["runs"], ["submit", "--push"]):
        result = pipeline(*command, "--root", root)
        told_in_one_line(result, f"{path}: not a record of what was sent", root)
    assert kaggle.count("CreateSubmission") == 1


def test_a_message_without_a_push_is_refused(pipeline, root):
    result = pipeline("submit", "-m", "wider", "--root", root)
    assert result.status == 2
    assert "--push" in result.err


def test_two_at_once_do_not_both_send_a_file(kaggle, tmp_path):
    path = tmp_path / "submissions" / "one.csv"
    path.parent.mkdir()
    path.write_text("Id,SalePrice\n1461,1\n")
    other = path.with_name("two.csv")
    other.write_bytes(path.read_bytes())
    said = []

    def push_the_other(line):
        said.append(line)
        with pytest.raises(UserError, match="is being sent already"):
            push.push(other, "", said.append, again=True)

    push.push(path, "", push_the_other)
    assert said == ["sending one.csv"]
    assert kaggle.count("CreateSubmission") == 1
    names = {file.name for file in path.parent.iterdir()}
    assert names == {"one.csv", "one.kaggle.json", "two.csv"}


def test_an_address_that_cannot_be_trusted_is_one_line(
    pipeline, kaggle, root, monkeypatch
):
    address = says({"token": "b", "createUrl": UPLOAD.replace("http", "https")})
    kaggle.will("StartSubmissionUpload", address)
    result = pipeline("submit", "--push", "--root", root)
    told_in_one_line(result, "cannot be trusted; is a proxy in between?", root)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(root / "nowhere.pem"))
    result = pipeline("submit", "--push", "--root", root)
    told_in_one_line(result, "a file of certificates is missing", root)
