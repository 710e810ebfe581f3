"""What can go wrong with Kaggle, each in one line.

No text of an exception is shown: the addresses and headers in it can be credentials.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from pipeline.core.errors import UserError
from pipeline.kaggle.credentials import NEW_ONES, Credentials

COMPETITION = "house-prices-advanced-regression-techniques"
PAGE = f"https://www.kaggle.com/c/{COMPETITION}"
TIMEOUT = 60.0  # seconds without an answer
_USED_UP = ("allowance", "daily", "today", "tomorrow")  # in its words of a day's limit
_STRANGE = (requests.RequestException, ValueError, TypeError, KeyError, AttributeError)


class KaggleError(UserError):
    """Kaggle did not do what it was asked to: what happened, and what helps.

    `status` is HTTP's, or None where no answer was understood; `after` are the seconds
    to wait that Kaggle named.
    """

    def __init__(
        self, what: str, helps: str, status: int | None = None, after: float = 0
    ) -> None:
        super().__init__(f"{what}; {helps}")
        self.what = what
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
        raise KaggleError("the connection to Kaggle was cut", "try again") from None
    except (requests.Timeout, requests.ConnectionError) as error:
        raise _unreachable(error) from None
    except _STRANGE:
        raise KaggleError(
            "Kaggle's answer cannot be understood",
            "if it stays so, pip install --upgrade kaggle",
        ) from None
    except OSError as error:
        reason = error.strerror or "a file of certificates is missing"
        raise KaggleError(
            f"Kaggle cannot be asked ({reason})", "mend that, then try again"
        ) from None


def clean(words: str, credentials: Credentials) -> str:
    """Words from outside as one short line, without what must not be shown."""
    for secret in credentials.secrets:
        words = words.replace(secret, "…")
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line if len(line) <= 200 else line[:199] + "…"


def _unreachable(error: Exception) -> KaggleError:
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return KaggleError(
            f"Kaggle did not answer within {TIMEOUT:g} s", "try again later"
        )
    if isinstance(error, requests.exceptions.SSLError):
        return KaggleError(
            "the connection to Kaggle cannot be trusted", "is a proxy in between?"
        )
    if isinstance(cause, MaxRetryError):
        return KaggleError(
            "Kaggle cannot be reached", "is there a network, or a proxy to name?"
        )
    return KaggleError("the connection to Kaggle was cut", "try again")


def _refusal(response: requests.Response, credentials: Credentials) -> KaggleError:
    status, words = response.status_code, _words(response, credentials)
    said = f"({status}: {words})" if words else f"({status})"
    after = _seconds(response.headers.get("Retry-After"))
    again = f"try again in {after:.0f} s" if after else "try again later"
    what, helps = f"Kaggle refuses {said}", f"see {PAGE}"
    if status == 401:
        what = f"Kaggle does not accept the credentials of {credentials.place} {said}"
        helps = NEW_ONES
    elif status == 403:
        helps = f"accept the rules at {PAGE}/rules, then try again"
    elif status == 429:
        what = f"Kaggle asks to wait {said}"
        helps = f"too many requests, or the day's submissions are used up: {again}"
    elif status >= 500:
        what, helps = f"Kaggle has trouble of its own {said}", again
    elif any(word in words.lower() for word in _USED_UP):
        what = f"the day's submissions are used up {said}"
        helps = "try again tomorrow"
    return KaggleError(what, helps, status, after)


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
