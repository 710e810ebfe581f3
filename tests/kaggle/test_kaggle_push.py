"""Submissions to Kaggle: made once, scored, and every failure in one line."""

import json
import socket
import sys

import pytest
from ames_columns import SCHEMA
from kaggle_cases import (
    FAILURES,
    INVALID,
    KEY,
    LIMIT_MESSAGE,
    fails_in_one_line,
    no_secret_in,
)
from kaggle_server import (
    ADDRESS,
    CLOSED,
    SIGNATURE,
    SILENT,
    Reply,
    rejects,
    responds,
    scored,
)

from pipeline.core.errors import UserError
from pipeline.kaggle import push

COMPETITION = SCHEMA.competition
UPLOAD = f"{ADDRESS}/upload?sig={SIGNATURE}"


def receipt_file(root):
    (path,) = (root / "submissions").glob("*.kaggle.json")
    return path


def receipt(root):
    return json.loads(receipt_file(root).read_text())


def test_a_submission_is_made_scored_and_gets_a_receipt(pipeline, kaggle, root):
    kaggle.reply_to(
        "GetSubmission",
        rejects(404, "Not Found"),
        scored("PENDING"),
        scored("COMPLETE", publicScore="0.12345", privateScore="0.2"),
    )
    before = {p: p.read_bytes() for p in (root / "runs").rglob("*") if p.is_file()}
    result = pipeline("submit", "--push", "-m", "wider layers", "--root", root)
    assert result.status == 0, result.err
    assert "On Kaggle's leaderboard: 0.12345 (submission 4711)" in result.out
    assert "Upload it" not in result.out
    assert "submission 4711: waiting for the score" in result.err

    sent = (root / "submissions" / receipt(root)["file"]).read_bytes()
    (start,) = [each.json for each in kaggle.received if each.name.startswith("Start")]
    (put,) = [each for each in kaggle.received if each.name == "upload"]
    (create,) = [
        each.json for each in kaggle.received if each.name == "CreateSubmission"
    ]
    assert start["contentLength"] == len(sent)
    assert put.body == sent
    assert "Authorization" not in put.headers
    assert create["submissionDescription"] == "wider layers"
    assert create["blobFileTokens"] == "blob-1"
    assert receipt(root)["status"] == "complete"
    assert receipt(root)["public_score"] == 0.12345
    assert receipt(root)["private_score"] == 0.2
    after = {p: p.read_bytes() for p in (root / "runs").rglob("*") if p.is_file()}
    assert after == before


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_credential_is_ever_written_or_shown(form, pipeline, kaggle, root):
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


def test_runs_shows_cross_validation_and_leaderboard_scores(pipeline, kaggle, root):
    pipeline("submit", "--root", root)
    assert "not submitted" in pipeline("runs", "--root", root).out
    pushed = pipeline("submit", "--push", "--root", root, "--json")
    assert json.loads(pushed.out)["kaggle"] == receipt(root)
    assert pushed.err == ""
    (run,) = json.loads(pipeline("runs", "--root", root, "--json").out)["runs"]
    assert run["leaderboard"] == 0.12345
    assert run["kaggle"] == receipt(root)
    shown = pipeline("runs", "--root", root).out
    assert f"{run['cv_log_rmse']:.4f}" in shown
    assert "0.1235" in shown


def test_the_default_message_has_the_run_id_and_its_score(pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    (run,) = json.loads(pipeline("runs", "--root", root, "--json").out)["runs"]
    assert receipt(root)["message"].startswith(run["run_id"])
    assert f"{run['cv_log_rmse']:.4f}" in receipt(root)["message"]


def test_the_same_file_is_not_submitted_twice_without_again(pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    assert "the same file was submitted on" in result.err
    assert "scored 0.12345; to submit it once more, use --again" in result.err
    assert kaggle.count("CreateSubmission") == 1
    kaggle.reply_to("GetSubmission", scored("COMPLETE", publicScore="0.11"))
    assert pipeline("submit", "--push", "--again", "--root", root).status == 0
    assert kaggle.count("CreateSubmission") == 2
    assert receipt(root)["public_score"] == 0.11


def test_the_same_file_of_another_run_is_not_submitted_either(pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    receipt_file(root).rename(root / "submissions" / "other.kaggle.json")
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    assert kaggle.count("CreateSubmission") == 1


def test_a_pending_score_is_waited_for_without_submitting_again(
    pipeline, kaggle, root, monkeypatch
):
    monkeypatch.setattr(push, "TIME_LIMIT", 0.1)
    kaggle.reply_to("GetSubmission", scored("PENDING"))
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    assert "no score after 0 s (waiting for the score)" in result.err
    assert "run the same command to check again; nothing is resubmitted" in result.err
    assert receipt(root)["status"] == "pending"
    assert "pending" in pipeline("runs", "--root", root).out

    kaggle.reply_to("GetSubmission", scored("COMPLETE", publicScore="0.12"))
    assert pipeline("submit", "--push", "--root", root).status == 0
    assert receipt(root)["public_score"] == 0.12
    assert kaggle.count("CreateSubmission") == kaggle.count("upload") == 1


def test_errors_while_waiting_are_reported_and_retried(pipeline, kaggle, root):
    kaggle.reply_to(
        "GetSubmission",
        rejects(500, "Oops"),
        CLOSED,
        rejects(429, "Slow down", Retry_After="0.05"),
        Reply(body=b"<html>", kind="text/html"),
        scored("COMPLETE", publicScore="0.12"),
    )
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 0, result.err
    for state in ("(500: Oops)", "was closed", "limited by Kaggle (429", "invalid"):
        assert state in result.err
    assert kaggle.count("GetSubmission") == 5


def test_a_file_that_kaggle_cannot_score_is_reported_and_recorded(
    pipeline, kaggle, root
):
    why = "Evaluation Exception:\n\x1b[31mno Id 1461"
    kaggle.reply_to("GetSubmission", scored("ERROR", errorDescription=why))
    result = pipeline("submit", "--push", "--root", root)
    assert result.status == 2
    line = "Kaggle could not score it: Evaluation Exception: \\x1b[31mno Id 1461"
    assert line in result.err
    assert "\x1b" not in result.err + receipt_file(root).read_text()
    assert receipt(root)["status"] == "error"
    assert "failed" in pipeline("runs", "--root", root).out
    assert "could not be scored" in pipeline("submit", "--push", "--root", root).err


def test_an_interrupted_wait_is_resumed(pipeline, kaggle, root, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    kaggle.reply_to("GetSubmission", scored("PENDING"))
    with monkeypatch.context() as patch:
        patch.setattr(push.time, "sleep", interrupt)
        assert pipeline("submit", "--push", "--root", root).status == 130
    kaggle.reply_to("GetSubmission", scored("COMPLETE", publicScore="0.12"))
    assert pipeline("submit", "--push", "--root", root).status == 0
    assert kaggle.count("CreateSubmission") == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", FAILURES | INVALID)
@pytest.mark.parametrize("step", ["StartSubmissionUpload", "CreateSubmission"])
def test_a_failed_submission_is_one_line_and_leaves_no_false_receipt(
    step, case, pipeline, kaggle, root, monkeypatch
):
    reply, why = (FAILURES | INVALID)[case]
    kaggle.reply_to(step, reply)
    result = pipeline("submit", "--push", "--root", root)
    fails_in_one_line(result, why, root)
    assert kaggle.count(step) == 1
    found = list((root / "submissions").glob("*.kaggle.json"))
    rejected = 400 <= reply.status < 500
    assert bool(found) == (step == "CreateSubmission" and not rejected)

    kaggle.reply_to("CreateSubmission", responds({"message": "Thanks", "ref": 4711}))
    kaggle.reply_to(
        "StartSubmissionUpload", responds({"token": "b", "createUrl": UPLOAD})
    )
    second = pipeline("submit", "--push", "--root", root)
    if found:  # Kaggle may have accepted it: only the user can find out
        assert "not known whether Kaggle accepted the file" in result.err
        fails_in_one_line(second, "but was interrupted; check https://www.kaggle", root)
        second = pipeline("submit", "--push", "--again", "--root", root)
    assert second.status == 0, second.err


BAD_UPLOADS = {
    "rejected": (Reply(403, b"<xml>"), "the upload failed (403); try again"),
    "a server error": (Reply(503), "the upload failed (503)"),
    "closed": (CLOSED, "was closed"),
    "no response": (SILENT, "did not respond"),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", BAD_UPLOADS)
def test_a_failed_upload_submits_nothing(case, pipeline, kaggle, root):
    reply, why = BAD_UPLOADS[case]
    kaggle.reply_to("upload", reply)
    fails_in_one_line(pipeline("submit", "--push", "--root", root), why, root)
    assert kaggle.count("CreateSubmission") == 0
    assert not list((root / "submissions").glob("*.kaggle.json"))


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "nowhere"])
def test_an_invalid_upload_address_is_one_line(address, pipeline, kaggle, root):
    kaggle.reply_to(
        "StartSubmissionUpload", responds({"token": "b", "createUrl": address})
    )
    fails_in_one_line(
        pipeline("submit", "--push", "--root", root), "invalid response", root
    )


def test_the_receipt_of_an_earlier_submission_survives_a_rejection(
    pipeline, kaggle, root
):
    pipeline("submit", "--push", "--root", root)
    before = receipt(root)
    kaggle.reply_to("CreateSubmission", rejects(400, LIMIT_MESSAGE))
    result = pipeline("submit", "--push", "--again", "--root", root)
    fails_in_one_line(result, "the daily limit of submissions is reached", root)
    assert receipt(root) == before


def test_no_network_is_one_line(pipeline, kaggle, root, monkeypatch):
    def no_name(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    result = pipeline("submit", "--push", "--root", root)
    fails_in_one_line(result, "cannot be reached; check the network", root)


def test_a_proxy_that_is_not_there_is_one_line(pipeline, kaggle, root, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://ada:{KEY}@127.0.0.1:9")
    result = pipeline("submit", "--push", "--root", root)
    fails_in_one_line(result, "and the proxy settings", root)


@pytest.mark.parametrize(
    "arguments", [["download", "--from", "kaggle"], ["submit", "--push"]]
)
def test_without_the_client_the_error_says_what_to_install(
    arguments, pipeline, root, monkeypatch
):
    monkeypatch.setitem(sys.modules, "kagglesdk", None)
    for name in ("client", "push", "credentials"):
        monkeypatch.delitem(sys.modules, f"pipeline.kaggle.{name}", raising=False)
    result = pipeline(*arguments, "--root", root)
    assert result.status == 2
    assert "-m pip install 'kaggle>=2.2'`" in result.err
    assert not (root / "submissions").exists()


def test_the_package_that_signs_in_at_import_is_not_imported(
    pipeline, kaggle, home, root
):
    assert pipeline("submit", "--push", "--root", root).status == 0
    assert "kaggle" not in sys.modules
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"public_score": "<b>", "file": 1}', "\xff\xfe"]
)
def test_an_invalid_receipt_is_named(content, pipeline, kaggle, root):
    pipeline("submit", "--push", "--root", root)
    path = receipt_file(root)
    path.write_bytes(content.encode("latin-1"))
    for command in (["runs"], ["submit", "--push"]):
        result = pipeline(*command, "--root", root)
        fails_in_one_line(result, f"{path}: not a receipt", root)
    assert kaggle.count("CreateSubmission") == 1


def test_a_message_without_push_is_rejected(pipeline, root):
    result = pipeline("submit", "-m", "wider", "--root", root)
    assert result.status == 2
    assert "--push" in result.err


def test_two_processes_do_not_both_submit_a_file(kaggle, tmp_path):
    path = tmp_path / "submissions" / "one.csv"
    path.parent.mkdir()
    path.write_text("Id,SalePrice\n1461,1\n")
    other = path.with_name("two.csv")
    other.write_bytes(path.read_bytes())
    lines = []

    def push_the_other(line):
        lines.append(line)
        with pytest.raises(UserError, match="is being submitted already"):
            push.push(other, COMPETITION, "", lines.append, again=True)

    push.push(path, COMPETITION, "", push_the_other)
    assert lines == ["sending one.csv"]
    assert kaggle.count("CreateSubmission") == 1
    names = {file.name for file in path.parent.iterdir()}
    assert names == {"one.csv", "one.kaggle.json", "two.csv"}


def test_a_certificate_that_cannot_be_verified_is_one_line(
    pipeline, kaggle, root, monkeypatch
):
    address = responds({"token": "b", "createUrl": UPLOAD.replace("http", "https")})
    kaggle.reply_to("StartSubmissionUpload", address)
    result = pipeline("submit", "--push", "--root", root)
    fails_in_one_line(
        result, "certificate could not be verified; is there a proxy?", root
    )
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(root / "nowhere.pem"))
    result = pipeline("submit", "--push", "--root", root)
    fails_in_one_line(result, "the certificate file is missing", root)
