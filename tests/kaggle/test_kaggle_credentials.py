"""Credentials are found where Kaggle's client looks, and never shown."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from kaggle_cases import BASIC, KEY, TOKEN, fails_in_one_line
from kaggle_server import rejects, responds


def test_without_credentials_the_error_names_every_place(
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
    assert kaggle.received == []
    assert list(home.iterdir()) == []


@pytest.fixture
def no_home(kaggle, monkeypatch):
    """A user without HOME and without an entry, as in a container with any uid."""

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.delenv("KAGGLE_API_TOKEN")


@pytest.mark.usefixtures("no_home")
def test_without_a_home_missing_credentials_are_one_line(pipeline, kaggle, tmp_path):
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert "~/.kaggle/access_token" in result.err


@pytest.mark.usefixtures("no_home")
def test_without_a_home_kaggle_config_dir_is_used(
    pipeline, kaggle, tmp_path, monkeypatch
):
    write(tmp_path / "k" / "kaggle.json", KEY_JSON)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "k"))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    assert kaggle.received[0].headers["Authorization"] == BASIC_AUTH


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


KEY_JSON = {"username": "ada", "key": KEY}
BEARER, BASIC_AUTH = f"Bearer {TOKEN}", f"Basic {BASIC}"
LONG = TOKEN * 20  # too long for a file name
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
    "the token's default file": ({}, {".kaggle/access_token": TOKEN}, BEARER),
    "name and key": ({"KAGGLE_USERNAME": "ada", "KAGGLE_KEY": KEY}, {}, BASIC_AUTH),
    "kaggle.json": ({}, {".kaggle/kaggle.json": KEY_JSON}, BASIC_AUTH),
    "a key and a file": (
        {"KAGGLE_KEY": KEY},
        {".kaggle/kaggle.json": {"username": "ada", "key": "old"}},
        BASIC_AUTH,
    ),
    "the default XDG folder": (
        {},
        {".config/kaggle/kaggle.json": KEY_JSON},
        BASIC_AUTH,
    ),
    "another XDG folder": (
        {"XDG_CONFIG_HOME": "{home}/x"},
        {"x/kaggle/kaggle.json": KEY_JSON},
        BASIC_AUTH,
    ),
    "KAGGLE_CONFIG_DIR": (
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
    """Set the variables and files of a case, and return the expected header."""
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
    assert kaggle.received[-1].headers["Authorization"] == header


def test_an_expired_login_is_renewed(pipeline, kaggle, home, tmp_path, monkeypatch):
    stored = STORED | {
        "access_token": "old",
        "access_token_expiration": "2020-01-01T00:00:00+00:00",
    }
    in_place(({}, {".kaggle/credentials.json": stored}, ""), home, monkeypatch)
    kaggle.reply_to(
        "GenerateAccessToken", responds({"token": TOKEN, "expiresIn": 3600})
    )
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    assert result.status == 0, result.err
    assert kaggle.received[-1].headers["Authorization"] == BEARER


def test_a_key_in_kaggle_s_message_is_shown_neither_plain_nor_as_in_a_header(
    pipeline, kaggle, home, tmp_path, monkeypatch
):
    in_place(PLACES["name and key"], home, monkeypatch)
    kaggle.reply_to("DownloadDataFiles", rejects(401, f"Unknown: {KEY}, {BASIC_AUTH}"))
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    fails_in_one_line(result, "(401: Unknown: …, Basic …)", tmp_path / "new")
    assert "credentials of KAGGLE_USERNAME and KAGGLE_KEY" in result.err


BAD_PLACES = {
    "no JSON": ({}, {".kaggle/kaggle.json": "{"}, "kaggle.json: not valid credentials"),
    "a list": (
        {},
        {".kaggle/kaggle.json": [KEY]},
        "kaggle.json: not valid credentials",
    ),
    "no key": (
        {},
        {".kaggle/kaggle.json": {"username": "a"}},
        "JSON with username and",
    ),
    "two lines": (
        {"KAGGLE_API_TOKEN": f"{TOKEN}\nx"},
        {},
        "KAGGLE_API_TOKEN: not valid",
    ),
    "a folder": (
        {"KAGGLE_API_TOKEN": "{home}"},
        {},
        "token cannot be read (Is a direct",
    ),
    "an invalid login": (
        {},
        {".kaggle/credentials.json": [TOKEN]},
        "credentials.json",
    ),
}


@pytest.mark.parametrize("case", BAD_PLACES)
def test_invalid_credentials_are_one_line_that_does_not_show_them(
    case, pipeline, kaggle, home, tmp_path, monkeypatch
):
    why = in_place(BAD_PLACES[case], home, monkeypatch)
    result = pipeline("download", "--from", "kaggle", "--root", tmp_path / "new")
    fails_in_one_line(result, why, tmp_path / "new")
    assert kaggle.received == []
