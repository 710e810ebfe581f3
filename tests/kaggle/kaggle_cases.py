"""Kaggle's data, its error responses, and the secrets that must not be shown."""

import base64
from zipfile import ZipFile

from kaggle_server import CLOSED, SIGNATURE, SILENT, Reply, rejects, responds

NAMES = ("train.csv", "test.csv")
TOKEN = "KGAT_secret-nobody-should-see"
KEY = "0123456789abcdef-secret"
BASIC = base64.b64encode(f"ada:{KEY}".encode()).decode()
SECRETS = (TOKEN, KEY, BASIC, SIGNATURE)

LIMIT_MESSAGE = (
    "Submission not allowed: Your team has used its daily Submission allowance (10) "
    "today, please try again tomorrow UTC (6.7 hours from now)."
)
RULES_MESSAGE = "You must accept this competition's rules before you continue."
RULES_PAGE = (
    "https://www.kaggle.com/c/house-prices-advanced-regression-techniques/rules"
)
FAILURES = {
    "401": (rejects(401, "Unauthenticated"), "credentials of KAGGLE_API_TOKEN (401: U"),
    "403": (rejects(403, RULES_MESSAGE), RULES_PAGE),
    "the day's limit": (rejects(400, LIMIT_MESSAGE), "try again tomorrow"),
    "another 400": (
        rejects(400, "File is empty"),
        "rejected the request (400: File is empty) for the competition house-prices-",
    ),
    "404": (
        rejects(404, "Not Found"),
        "rejected the request (404: Not Found) for the competition house-prices-",
    ),
    "429": (
        rejects(429, "Too many requests"),
        "daily limit of submissions: try again later",
    ),
    "429 that names a time": (
        rejects(429, "Slow", Retry_After="30"),
        "try again in 30 s",
    ),
    "429 that names a date": (
        rejects(429, "Slow", Retry_After="Wed, 26 Nov 2036 00:00:00 GMT"),
        "try again later",
    ),
    "500": (rejects(500, "Internal"), "Kaggle server error (500: Internal)"),
    "503 without a message": (
        Reply(503, b"<html>", "text/html"),
        "server error (503); ",
    ),
    "a closed connection": (CLOSED, "the connection to Kaggle was closed; "),
    "half a response": (Reply(body=b'{"a', promised=900), "was closed"),
    "no response": (SILENT, "did not respond within 0.2 s"),
    "a message of three lines": (
        rejects(400, "a\nb\r\nc\x1b[2J"),
        "(400: a b c\\x1b[2J)",
    ),
    "the secret in the message": (rejects(400, f"Bad {TOKEN}, no?"), "Bad …, no?"),
}
# Only for requests whose response is read.
INVALID = {
    "a page": (
        Reply(body=b"<html>Sign in</html>", kind="text/html"),
        "invalid response",
    ),
    "no JSON": (Reply(body=b"{"), "invalid response"),
    "a list": (responds([1]), "invalid response"),
    "another kind": (
        responds({"code": "x", "ref": "a", "token": 3}),
        "invalid response",
    ),
}


def data_zip(path, raw):
    """The response with a zip like the competition's, of these files."""
    with ZipFile(path, "w") as opened:
        for name in NAMES:
            opened.write(raw / name, name)
        opened.writestr("data_description.txt", "MSSubClass")
        opened.writestr("sample_submission.csv", "Id,SalePrice\n1461,1\n")
    return Reply(body=path.read_bytes(), kind="application/zip")


def fails_in_one_line(result, why, root):
    """Check for status 2, one line with the reason, and no secret anywhere."""
    assert result.status == 2, result
    last = result.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert why in last, last
    assert "Traceback" not in result.err
    assert no_secret_in(result.out + result.err, root)


def no_secret_in(text, root):
    """Return whether neither a text nor any file of a project holds a secret."""
    files = b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
    return not any(s in text or s.encode() in files for s in SECRETS)
