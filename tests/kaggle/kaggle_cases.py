"""Kaggle's data and refusals, the secrets not to be seen, and what a failure is."""

import base64
from zipfile import ZipFile

from kaggle_server import CUT, SIGNATURE, SILENT, Reply, refuses, says

NAMES = ("train.csv", "test.csv")
TOKEN = "KGAT_secret-nobody-should-see"
KEY = "0123456789abcdef-secret"
BASIC = base64.b64encode(f"ada:{KEY}".encode()).decode()
SECRETS = (TOKEN, KEY, BASIC, SIGNATURE)

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
        "submissions are used up: try again lat",
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
    "503 without words": (Reply(503, b"<html>", "text/html"), "of its own (503); "),
    "a cut connection": (CUT, "the connection to Kaggle was cut; "),
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


def data_zip(path, raw):
    """The answer that holds a zip as the competition's, of these files."""
    with ZipFile(path, "w") as opened:
        for name in NAMES:
            opened.write(raw / name, name)
        opened.writestr("data_description.txt", "MSSubClass")
        opened.writestr("sample_submission.csv", "Id,SalePrice\n1461,1\n")
    return Reply(body=path.read_bytes(), kind="application/zip")


def told_in_one_line(result, why, root):
    """Status 2 and one line that says why; no secret anywhere."""
    assert result.status == 2, result
    last = result.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert why in last, last
    assert "Traceback" not in result.err
    assert no_secret_in(result.out + result.err, root)


def no_secret_in(text, root):
    """Whether neither a text nor any file below a root holds a secret."""
    files = b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
    return not any(s in text or s.encode() in files for s in SECRETS)
