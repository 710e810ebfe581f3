"""The requests to Kaggle, made through Kaggle's own client; each error is one line.

The client is kagglesdk, which the `kaggle` package installs. The package itself is not
imported: that would sign in over the network and make folders, and its calls print and
retry for minutes. Importing this module without kagglesdk raises a UserError.

The text of an exception is never shown: its URLs and headers can hold credentials.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, NamedTuple

from pipeline.core.errors import UserError, how_to_install, one_line

try:
    import requests
    from kagglesdk import KaggleClient, KaggleCredentials
    from kagglesdk.competitions.types.competition_api_service import (
        ApiCreateSubmissionRequest,
        ApiDownloadDataFileRequest,
        ApiDownloadDataFilesRequest,
        ApiGetSubmissionRequest,
        ApiStartSubmissionUploadRequest,
    )
except ImportError:
    raise UserError(
        f"Kaggle's client is not installed; {how_to_install('kaggle>=2.2')}"
    ) from None

from requests.exceptions import ChunkedEncodingError, SSLError
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from pipeline.kaggle import credentials
from pipeline.kaggle.credentials import NEW_CREDENTIALS, Credentials

TIMEOUT = 60.0  # seconds without a response
_CHUNK = 2**16  # bytes
# Kaggle mentions one of these when the daily limit of submissions is reached.
_DAILY_LIMIT = ("allowance", "daily", "today", "tomorrow")
_INVALID = (requests.RequestException, ValueError, TypeError, KeyError, AttributeError)


class Result(NamedTuple):
    """The state of a submission on Kaggle. A score is that of the metric, or None."""

    status: Literal["pending", "complete", "error"]
    public_score: float | None
    private_score: float | None
    error: str | None


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


class TooLargeError(KaggleError):
    """Kaggle sends more bytes than are read."""


class Kaggle:
    """A competition, for one user. Every method may raise KaggleError."""

    def __init__(
        self, client: KaggleClient, credentials: Credentials, competition: str
    ) -> None:
        self._api = client.competitions.competition_api_client
        self._credentials, self._competition = credentials, competition

    def data(self, most_bytes: int) -> bytes:
        """Download the zip of the competition's files, if it is not too large."""
        request = ApiDownloadDataFilesRequest()
        request.competition_name = self._competition
        with (
            _one_line_errors(self._credentials, self._competition),
            self._api.download_data_files(request) as response,
        ):
            return _content(response, "Kaggle's zip", most_bytes)

    def file(self, name: str, most_bytes: int) -> bytes:
        """Download one of the competition's files, which may be in a zip."""
        request = ApiDownloadDataFileRequest()
        request.competition_name, request.file_name = self._competition, name
        with (
            _one_line_errors(self._credentials, self._competition),
            self._api.download_data_file(request) as response,
        ):
            return _content(response, name, most_bytes)

    def upload(self, name: str, content: bytes, modified: int) -> str:
        """Upload a file without submitting it, and return its token for `create`.

        Args:
            name: The name of the file.
            content: The file.
            modified: When the file was last modified, in seconds since 1970.
        """
        request = ApiStartSubmissionUploadRequest()
        request.competition_name = self._competition
        request.file_name = name
        request.content_length = len(content)
        request.last_modified_epoch_seconds = modified
        with _one_line_errors(self._credentials, self._competition):
            upload = self._api.start_submission_upload(request)
            # Without the client's session: this URL must not get the credentials.
            response = requests.put(upload.create_url, data=content, timeout=TIMEOUT)
            if not response.ok:
                status = response.status_code
                raise KaggleError(f"the upload failed ({status})", "try again", status)
            return str(upload.token)

    def create(self, token: str, message: str) -> int:
        """Submit an uploaded file, and return the number of the submission."""
        request = ApiCreateSubmissionRequest()
        request.competition_name = self._competition
        request.blob_file_tokens = token
        request.submission_description = message
        with _one_line_errors(self._credentials, self._competition):
            number = int(self._api.create_submission(request).ref)
            if not number:
                raise ValueError("no submission number")
            return number

    def result(self, number: int) -> Result:
        """Return the current state of a submission."""
        request = ApiGetSubmissionRequest()
        request.ref = number
        with _one_line_errors(self._credentials, self._competition):
            found = self._api.get_submission(request)
            error = _cleaned(found.error_description or "", self._credentials)
            return Result(
                status=found.status.name.lower(),
                public_score=_number(found.public_score),
                private_score=_number(found.private_score),
                error=error or None,
            )


def _content(response: requests.Response, name: str, most_bytes: int) -> bytes:
    """Return what Kaggle sends.

    Raises:
        TooLargeError: It is too large.
    """
    content = bytearray()
    announced = _number(response.headers.get("Content-Length")) or 0
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if max(announced, len(content)) > most_bytes:
            what = f"{name} has more than {most_bytes:,} bytes"
            raise TooLargeError(
                what, "download the files by hand, then give --from FOLDER"
            )
    return bytes(content)


@contextmanager
def connect(competition: str) -> Iterator[Kaggle]:
    """Sign in to a competition with the user's credentials.

    Raises:
        UserError: There are no credentials, or they cannot be read.
    """
    found = credentials.find() or _login(competition)
    if found is None:
        raise credentials.missing()
    with _open(found) as client:
        yield Kaggle(client, found, competition)


def _login(competition: str) -> Credentials | None:
    """Return the token of `kaggle auth login`, renewed if it has expired."""
    file = Credentials(KaggleCredentials.DEFAULT_CREDENTIALS_FILE)
    with _open(file) as client, _one_line_errors(file, competition):
        try:
            stored = KaggleCredentials.load(client)
        except (OSError, ValueError, TypeError, AttributeError):
            raise UserError(
                f"{file.source}: not as `kaggle auth login` writes it; run it again"
            ) from None
        token = stored and stored.get_access_token()
    return Credentials(file.source, token=token) if token else None


@contextmanager
def _open(credentials: Credentials) -> Iterator[KaggleClient]:
    try:
        client = KaggleClient(
            username=credentials.username,
            password=credentials.key,
            api_token=credentials.token,
            user_agent="house-price-pipeline",
        )
    except Exception:  # the client has no narrower type for this
        raise UserError(
            "KAGGLE_API_ENVIRONMENT: unknown to Kaggle's client; unset it"
        ) from None
    with client:
        session = client.http_client()._session
        session.send = partial(session.send, timeout=TIMEOUT)  # the client sets none
        yield client


def _number(text: str | None) -> float | None:
    """Return a number in a response, or None; a time to wait may also be a date."""
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def page(competition: str) -> str:
    """Return the address of a competition."""
    return f"https://www.kaggle.com/c/{competition}"


@contextmanager
def _one_line_errors(credentials: Credentials, competition: str) -> Iterator[None]:
    """Turn the exceptions of Kaggle's client into a KaggleError.

    Raises:
        KaggleError: What went wrong, without a URL or a header.
    """
    try:
        yield
    except requests.HTTPError as error:
        response = error.response  # the client always sets it
        raise _rejection(response, credentials, competition) from None  # type: ignore[arg-type]
    except (requests.Timeout, requests.ConnectionError, ChunkedEncodingError) as error:
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


def _cleaned(text: str, credentials: Credentials) -> str:
    """Return text from Kaggle on one short line, without the user's secrets."""
    for secret in credentials.secrets:
        text = text.replace(secret, "…")
    return one_line(text, 200)


def _unreachable(error: Exception) -> KaggleError:
    cause = error.args[0] if error.args else None
    what, hint = "the connection to Kaggle was closed", "try again"
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        what, hint = f"Kaggle did not respond within {TIMEOUT:g} s", "try again later"
    elif isinstance(error, SSLError):
        what = "Kaggle's TLS certificate could not be verified"
        hint = "is there a proxy?"
    elif isinstance(cause, MaxRetryError):
        what = "Kaggle cannot be reached"
        hint = "check the network and the proxy settings"
    return KaggleError(what, hint)


def _rejection(
    response: requests.Response, credentials: Credentials, competition: str
) -> KaggleError:
    status, message = response.status_code, _message(response, credentials)
    reply = f"({status}: {message})" if message else f"({status})"
    retry_after = max(0.0, _number(response.headers.get("Retry-After")) or 0.0)
    later = f"try again in {retry_after:.0f} s" if retry_after else "try again later"
    address = page(one_line(competition, 100))
    what, hint = f"Kaggle rejected the request {reply}", f"see {address}"
    if status == 401:
        what = f"Kaggle does not accept the credentials of {credentials.source} {reply}"
        hint = NEW_CREDENTIALS
    elif status == 403:
        hint = f"accept the rules at {address}/rules, then try again"
    elif status == 429:
        what = f"rate limited by Kaggle {reply}"
        hint = f"too many requests, or the daily limit of submissions: {later}"
    elif status >= 500:
        what, hint = f"Kaggle server error {reply}", later
    elif any(word in message.lower() for word in _DAILY_LIMIT):
        what = f"the daily limit of submissions is reached {reply}"
        hint = "try again tomorrow"
    elif status in {400, 404}:
        what += f" for the competition {one_line(competition, 100)}"
        hint = f"is this its name in its address? see {address}"
    return KaggleError(what, hint, status, retry_after)


def _message(response: requests.Response, credentials: Credentials) -> str:
    """Return Kaggle's own message in a response, or an empty string."""
    try:
        return _cleaned(str(response.json()["message"]), credentials)
    except (OSError, ValueError, KeyError, TypeError):
        return ""
