"""What can go wrong with Kaggle, each in one line.

No text of an exception is shown: the addresses and headers in it can be credentials.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from pipeline.errors import UserError
from pipeline.kaggle.login import NEW_ONES, Credentials

COMPETITION = "house-prices-advanced-regression-techniques"
PAGE = f"https://www.kaggle.com/c/{COMPETITION}"
TIMEOUT = 60.0  # seconds without an answer
_USED_UP = ("allowance", "daily", "today", "tomorrow")  # in its words of a day's limit
_STRANGE = (requests.RequestException, ValueError, TypeError, KeyError, AttributeError)


class KaggleError(UserError):
    """Kaggle did not do what it was asked to.

    `status` is HTTP's, or None where no answer was understood; `after` are the seconds
    to wait that Kaggle named.
    """

    def __init__(self, line: str, status: int | None = None, after: float = 0) -> None:
        super().__init__(line)
        self.status = status
        self.after = after

    @property
    def passing(self) -> bool:
        """Whether the same question may be answered later."""
        return self.status == 429 or not self.final

    @property
    def final(self) -> bool:
        """Whether Kaggle has said no, so that nothing can have happened."""
        return self.status is not None and self.status < 500


@contextmanager
def explained(credentials: Credentials) -> Iterator[None]:
    """Turn what Kaggle's client raises into a line.

    Raises:
        KaggleError: what went wrong, without an address or a header.
    """
    try:
        yield
    except requests.HTTPError as error:
        response = error.response  # which the client always gives
        raise _refusal(response, credentials) from None  # type: ignore[arg-type]
    except requests.exceptions.ChunkedEncodingError:
        raise KaggleError("the connection to Kaggle was cut; try again") from None
    except (requests.Timeout, requests.ConnectionError) as error:
        raise KaggleError(_unreachable(error)) from None
    except _STRANGE:
        raise KaggleError(
            "Kaggle's answer cannot be understood; is a newer client needed? "
            "pip install --upgrade kaggle"
        ) from None
    except OSError as error:
        reason = error.strerror or "a file of certificates is missing"
        raise KaggleError(f"Kaggle cannot be asked ({reason})") from None


def clean(words: str, credentials: Credentials) -> str:
    """Words from outside as one short line, without what must not be shown."""
    for secret in credentials.secrets:
        words = words.replace(secret, "…")
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line if len(line) <= 200 else line[:199] + "…"


def _unreachable(error: Exception) -> str:
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return f"Kaggle did not answer within {TIMEOUT:g} s; try again later"
    if isinstance(error, requests.exceptions.SSLError):
        return "the connection to Kaggle cannot be trusted; is a proxy in between?"
    if isinstance(cause, MaxRetryError):
        return "Kaggle cannot be reached; is there a network, or a proxy to name?"
    return "the connection to Kaggle was cut; try again"


def _refusal(response: requests.Response, credentials: Credentials) -> KaggleError:
    status, words = response.status_code, _words(response, credentials)
    said = f"({status}: {words})" if words else f"({status})"
    after = _seconds(response.headers.get("Retry-After"))
    again = f"try again in {after:.0f} s" if after else "try again later"
    if status == 401:
        line = f"Kaggle does not accept the credentials of {credentials.place} {said}; "
        line += f"{NEW_ONES} makes new ones"
    elif status == 403:
        line = (
            f"Kaggle refuses {said}; accept the rules at {PAGE}/rules, then try again"
        )
    elif status == 429:
        line = f"Kaggle asks to wait {said}: too many requests, or the day's "
        line += f"submissions are used up; {again}"
    elif status >= 500:
        line = f"Kaggle has trouble of its own {said}; {again}"
    elif any(word in words.lower() for word in _USED_UP):
        line = f"the day's submissions are used up {said}; try again tomorrow"
    else:
        line = f"Kaggle refuses {said}; see {PAGE}"
    return KaggleError(line, status, after)


def _words(response: requests.Response, credentials: Credentials) -> str:
    """Kaggle's own words in an answer, if it has any."""
    try:
        return clean(str(response.json()["message"]), credentials)
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:  # a date: then "later" has to do
        return 0.0
