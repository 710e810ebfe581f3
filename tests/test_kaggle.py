"""Kaggle's own client against a server of the tests' own, never against Kaggle."""

import base64
import json
import os
import shutil
import socket
import sys
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import pytest
from kaggle_server import (
    ADDRESS,
    CUT,
    SIGNATURE,
    SILENT,
    Reply,
    refuses,
    says,
    scored,
    serve,
)
from situations import QUICK, RAW, copy_raw

from pipeline.cli import main
from pipeline.kaggle import client, errors, push

NAMES = ("train.csv", "test.csv")
TOKEN = "KGAT_secret-nobody-should-see"
KEY = "0123456789abcdef-secret"
BASIC = base64.b64encode(f"ada:{KEY}".encode()).decode()
SECRETS = (TOKEN, KEY, BASIC, SIGNATURE)


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user without any credentials, and a client that talks to no real Kaggle."""
    for name in list(os.environ):
        if name.upper().startswith("KAGGLE_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def kaggle(server, trained, home, monkeypatch):
    """Kaggle as a signed-in user meets it, quick to ask and to answer."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    monkeypatch.setattr(push, "FIRST_PAUSE", 0.01)
    server.forget()
    server.will(
        "DownloadDataFiles",
        data_zip(home.parent / "data.zip", trained / "data" / "raw"),
    )
    return server


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project with a run, to be copied."""
    root = copy_raw(tmp_path_factory.mktemp("kaggle") / "project", rows=120)
    with pytest.MonkeyPatch.context() as patch:
        for command in (["preprocess"], ["train", *QUICK, "--json"]):
            patch.setattr(sys, "argv", ["pipeline", *command, "--root", str(root)])
            main()
    return root


@pytest.fixture
def root(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "project")


def data_zip(path, raw):
    """The answer that holds a zip as the competition's, of these files."""
    with ZipFile(path, "w") as opened:
        for name in NAMES:
            opened.write(raw / name, name)
        opened.writestr("data_description.txt", "MSSubClass")
        opened.writestr("sample_submission.csv", "Id,SalePrice\n1461,1\n")
    return Reply(body=path.read_bytes(), kind="application/zip")


def answer_file(root):
    (path,) = (root / "submissions").glob("*.kaggle.json")
    return path


def answer(root):
    return json.loads(answer_file(root).read_text())


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


LIMIT_WORDS = (
    "Submission not allowed: Your team has used its daily Submission allowance (10) "
    "today, please try again tomorrow UTC (6.7 hours from now)."
)
RULES_WORDS = "You must accept this competition's rules before you continue."
RULES_PAGE = (
    "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/rules"
)
FAILURES = {
    "401": (refuses(401, "Unauthenticated"), "credentials of KAGGLE_API_TOKEN (401: U"),
    "403": (refuses(403, RULES_WORDS), RULES_PAGE),
    "the day's limit": (refuses(400, LIMIT_WORDS), "try again tomorrow"),
    "another 400": (refuses(400, "File is empty"), "refuses (400: File is empty)"),
    "404": (refuses(404, "Not Found"), "refuses (404: Not Found); see https"),
    "429": (
        refuses(429, "Too many requests"),
        "submissions are used up; try again lat",
    ),
    "429 that names a time": (
        refuses(429, "Slow", Retry_After="30"),
        "try again in 30 s",
    ),
    "429 that names a date": (
        refuses(429, "Slow", Retry_After="Wed, 26 Nov 2036 00:00:00 GMT"),
        "try again later",
    ),
    "500": (refuses(500, "Internal"), "trouble of its own (500: Internal)"),
    "503 without words": (Reply(503, b"<html>", "text/html"), "of its own (503); try"),
    "a cut connection": (CUT, "the connection to Kaggle was cut; try again"),
    "half an answer": (Reply(body=b'{"a', promised=900), "was cut"),
    "no answer": (SILENT, "did not answer within 0.2 s"),
    "words of three lines": (refuses(400, "a\nb\r\nc\x1b[2J"), "(400: a b c [2J)"),
    "the secret in its words": (refuses(400, f"Bad {TOKEN}, no?"), "Bad …, no?"),
}
# Where the answer is read, and not only whether there is one.
STRANGE = {
    "a page": (Reply(body=b"<html>Sign in</html>", kind="text/html"), "understood"),
    "no JSON": (Reply(body=b"{"), "understood"),
    "a list": (says([1]), "understood"),
    "another kind": (says({"code": "x", "ref": "a", "token": 3}), "understood"),
}


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    monkeypatch.setattr(errors, "TIMEOUT", 0.2)


def told_in_one_line(result, why, root):
    """Status 2 and one line that says why; no secret anywhere."""
    assert result.status == 2
    last = result.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert why in last
    assert "Traceback" not in result.err
    files = b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
    for secret in SECRETS:
        assert secret not in result.out + result.err
        assert secret.encode() not in files


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


UPLOAD = f"{ADDRESS}/upload?sig={SIGNATURE}"
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


def test_without_credentials_every_place_that_was_looked_at_is_named(
    pipeline, kaggle, home, tmp_path, monkeypatch
):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 2
    for place in (
        "KAGGLE_API_TOKEN",
        str(home / ".kaggle" / "access_token"),
        "KAGGLE_USERNAME with KAGGLE_KEY",
        str(home / ".config" / "kaggle" / "kaggle.json"),
        str(home / ".kaggle" / "credentials.json"),
        "https://www.kaggle.com/settings/api",
    ):
        assert place in result.err
    assert result.err.count("\n") == 1
    assert kaggle.asked == []
    assert list(home.iterdir()) == []


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


KEY_JSON = {"username": "ada", "key": KEY}
BEARER, BASIC_AUTH = f"Bearer {TOKEN}", f"Basic {BASIC}"
LONG = TOKEN * 20  # longer than the name of a file may be
SOON = (datetime.now(UTC) + timedelta(days=9)).isoformat()
STORED = {
    "refresh_token": "r-secret",
    "access_token": TOKEN,
    "access_token_expiration": SOON,
    "username": "ada",
}
PLACES = {
    "a token": ({"KAGGLE_API_TOKEN": TOKEN}, {}, BEARER),
    "a long token": ({"KAGGLE_API_TOKEN": LONG}, {}, f"Bearer {LONG}"),
    "a token's file": ({"KAGGLE_API_TOKEN": "{home}/t"}, {"t": TOKEN}, BEARER),
    "the token's own place": ({}, {".kaggle/access_token": TOKEN}, BEARER),
    "name and key": ({"KAGGLE_USERNAME": "ada", "KAGGLE_KEY": KEY}, {}, BASIC_AUTH),
    "kaggle.json": ({}, {".kaggle/kaggle.json": KEY_JSON}, BASIC_AUTH),
    "a key and a file": (
        {"KAGGLE_KEY": KEY},
        {".kaggle/kaggle.json": {"username": "ada", "key": "old"}},
        BASIC_AUTH,
    ),
    "as XDG has it": ({}, {".config/kaggle/kaggle.json": KEY_JSON}, BASIC_AUTH),
    "XDG's folder": (
        {"XDG_CONFIG_HOME": "{home}/x"},
        {"x/kaggle/kaggle.json": KEY_JSON},
        BASIC_AUTH,
    ),
    "a folder named": (
        {"KAGGLE_CONFIG_DIR": "{home}/k"},
        {"k/kaggle.json": KEY_JSON},
        BASIC_AUTH,
    ),
    "signed in": ({}, {".kaggle/credentials.json": STORED}, BEARER),
    "a token before a key": (
        {"KAGGLE_API_TOKEN": TOKEN, "KAGGLE_USERNAME": "ada", "KAGGLE_KEY": KEY},
        {".kaggle/kaggle.json": {"username": "x", "key": "y"}},
        BEARER,
    ),
}


def in_place(case, home, monkeypatch):
    """Put credentials where a case has them, and give the header to expect."""
    variables, files, header = case
    monkeypatch.delenv("KAGGLE_API_TOKEN", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=home))
    for name, content in files.items():
        write(home / name, content)
    return header


@pytest.mark.parametrize("case", PLACES)
def test_credentials_are_found_where_kaggle_s_client_looks(
    case, pipeline, kaggle, home, tmp_path, monkeypatch
):
    header = in_place(PLACES[case], home, monkeypatch)
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    assert kaggle.asked[-1].headers["Authorization"] == header


def test_a_sign_in_that_has_run_out_is_renewed(
    pipeline, kaggle, home, tmp_path, monkeypatch
):
    stored = STORED | {
        "access_token": "old",
        "access_token_expiration": "2020-01-01T00:00:00+00:00",
    }
    in_place(({}, {".kaggle/credentials.json": stored}, ""), home, monkeypatch)
    kaggle.will("GenerateAccessToken", says({"token": TOKEN, "expiresIn": 3600}))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    assert kaggle.asked[-1].headers["Authorization"] == BEARER


def test_a_key_in_kaggle_s_words_is_not_shown_as_it_is_nor_as_a_header_has_it(
    pipeline, kaggle, home, tmp_path, monkeypatch
):
    in_place(PLACES["name and key"], home, monkeypatch)
    kaggle.will("DownloadDataFiles", refuses(401, f"Unknown: {KEY}, {BASIC_AUTH}"))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    told_in_one_line(result, "(401: Unknown: …, Basic …)", tmp_path / "new")
    assert "credentials of KAGGLE_USERNAME and KAGGLE_KEY" in result.err


BAD_PLACES = {
    "no JSON": ({}, {".kaggle/kaggle.json": "{"}, "kaggle.json: not what Kaggle gives"),
    "a list": ({}, {".kaggle/kaggle.json": [KEY]}, "kaggle.json: not what Kaggle give"),
    "no key": (
        {},
        {".kaggle/kaggle.json": {"username": "a"}},
        "JSON with username and",
    ),
    "two lines": (
        {"KAGGLE_API_TOKEN": f"{TOKEN}\nx"},
        {},
        "KAGGLE_API_TOKEN: not what",
    ),
    "a folder": (
        {"KAGGLE_API_TOKEN": "{home}"},
        {},
        "token cannot be read (Is a direct",
    ),
    "a sign-in that is none": (
        {},
        {".kaggle/credentials.json": [TOKEN]},
        "credentials.json",
    ),
}


@pytest.mark.parametrize("case", BAD_PLACES)
def test_a_place_that_holds_something_else_is_one_line_without_it(
    case, pipeline, kaggle, home, tmp_path, monkeypatch
):
    why = in_place(BAD_PLACES[case], home, monkeypatch)
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    told_in_one_line(result, why, tmp_path / "new")
    assert kaggle.asked == []


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
