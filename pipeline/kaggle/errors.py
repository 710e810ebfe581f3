"""Errors of Kaggle and of the connection to it, each as one line.

The text of an exception is never shown: its URLs and headers can hold credentials.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from pipeline.core.errors import UserError, one_line
from pipeline.kaggle.credentials import NEW_CREDENTIALS, Credentials

TIMEOUT = 60.0  # seconds without a response
# Kaggle mentions one of these when the daily limit of submissions is reached.
_DAILY_LIMIT = ("allowance", "daily", "today", "tomorrow")
_INVALID = (requests.RequestException, ValueError, TypeError, KeyError, AttributeError)


class KaggleError(UserError):
    """A request to Kaggle failed.

    Attributes:
        what: What happened.
        status: The HTTP status, or None without a valid response.
        retry_after: The seconds to wait that Kaggle asked for, or 0.
    """

    def __init__(
        self, what: str, hint: str, status: int | None = None, retry_after: float = 0
    ) -> None:
        super().__init__(f"{what}; {hint}")
        self.what = what
        self.status = status
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == 429 or not self.rejected

    @property
    def rejected(self) -> bool:
        """Whether Kaggle rejected the request, so that it had no effect."""
        return self.status is not None and self.status < 500


def page(competition: str) -> str:
    """Return the address of a competition."""
    return f"https://www.kaggle.com/c/{competition}"


@contextmanager
def translate_errors(credentials: Credentials, competition: str) -> Iterator[None]:
    """Turn the exceptions of Kaggle's client into a KaggleError.

    Raises:
        KaggleError: What went wrong, without a URL or a header.
    """
    try:
        yield
    except requests.HTTPError as error:
        response = error.response  # the client always sets it
        raise _rejection(response, credentials, page(competition)) from None  # type: ignore[arg-type]
    except requests.exceptions.ChunkedEncodingError:
        raise KaggleError("the connection to Kaggle was closed", "try again") from None
    except (requests.Timeout, requests.ConnectionError) as error:
        raise _unreachable(error) from None
    except _INVALID:
        raise KaggleError(
            "Kaggle sent an invalid response",
            "if this happens again, pip install --upgrade kaggle",
        ) from None
    except OSError as error:
        reason = error.strerror or "the certificate file is missing"
        raise KaggleError(
            f"the request to Kaggle failed ({reason})", "fix that, then try again"
        ) from None


def clean(text: str, credentials: Credentials) -> str:
    """Return text from Kaggle on one short line, without the user's secrets."""
    for secret in credentials.secrets:
        text = text.replace(secret, "…")
    return one_line(text, 200)


def _unreachable(error: Exception) -> KaggleError:
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return KaggleError(
            f"Kaggle did not respond within {TIMEOUT:g} s", "try again later"
        )
    if isinstance(error, requests.exceptions.SSLError):
        return KaggleError(
            "Kaggle's TLS certificate could not be verified", "is there a proxy?"
        )
    if isinstance(cause, MaxRetryError):
        return KaggleError(
            "Kaggle cannot be reached", "check the network and the proxy settings"
        )
    return KaggleError("the connection to Kaggle was closed", "try again")


def _rejection(
    response: requests.Response, credentials: Credentials, page: str
) -> KaggleError:
    status, message = response.status_code, _message(response, credentials)
    reply = f"({status}: {message})" if message else f"({status})"
    retry_after = _seconds(response.headers.get("Retry-After"))
    later = f"try again in {retry_after:.0f} s" if retry_after else "try again later"
    what, hint = f"Kaggle rejected the request {reply}", f"see {page}"
    if status == 401:
        what = f"Kaggle does not accept the credentials of {credentials.place} {reply}"
        hint = NEW_CREDENTIALS
    elif status == 403:
        hint = f"accept the rules at {page}/rules, then try again"
    elif status == 429:
        what = f"rate limited by Kaggle {reply}"
        hint = f"too many requests, or the daily limit of submissions: {later}"
    elif status >= 500:
        what, hint = f"Kaggle server error {reply}", later
    elif any(word in message.lower() for word in _DAILY_LIMIT):
        what = f"the daily limit of submissions is reached {reply}"
        hint = "try again tomorrow"
    return KaggleError(what, hint, status, retry_after)


def _message(response: requests.Response, credentials: Credentials) -> str:
    """Return Kaggle's own message in a response, or an empty string."""
    try:
        return clean(str(response.json()["message"]), credentials)
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:  # Retry-After may also be a date
        return 0.0
