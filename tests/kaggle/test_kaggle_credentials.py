"""Credentials are found where Kaggle's client looks, and shown nowhere."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from kaggle_cases import BASIC, KEY, TOKEN, told_in_one_line
from kaggle_server import refuses, says


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
