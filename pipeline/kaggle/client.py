"""Kaggle's own client, contained: the only module that calls it.

It is kagglesdk, the part of the `kaggle` package that talks to Kaggle. The other part
is left alone: importing it signs in over the network and makes folders, and its calls
print and try again for minutes. Importing this without the client is a UserError.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

from pipeline import __version__
from pipeline.core.errors import UserError
from pipeline.kaggle.zip_reader import MOST_BYTES

try:
    import requests
    from kagglesdk import KaggleClient, KaggleCredentials
    from kagglesdk.competitions.types.competition_api_service import (
        ApiCreateSubmissionRequest,
        ApiDownloadDataFilesRequest,
        ApiGetSubmissionRequest,
        ApiStartSubmissionUploadRequest,
    )
except ImportError:
    raise UserError(
        "Kaggle's client is not installed; pip install 'house-price-pipeline[kaggle]'"
    ) from None

from requests.adapters import HTTPAdapter

from pipeline.kaggle import credentials
from pipeline.kaggle.credentials import Credentials
from pipeline.kaggle.errors import COMPETITION, TIMEOUT, KaggleError, clean, explained

_CHUNK = 2**16  # bytes


class Answer(NamedTuple):
    """What Kaggle says of a submission; a score is None where there is none."""

    status: Literal["pending", "complete", "error"]
    public_score: float | None
    private_score: float | None
    error: str | None


class Kaggle:
    """The competition as one user sees it. Every method may raise KaggleError."""

    def __init__(self, client: KaggleClient, credentials: Credentials) -> None:
        self._api = client.competitions.competition_api_client
        self._credentials = credentials

    def data(self) -> bytes:
        """The zip of the competition's files."""
        request = ApiDownloadDataFilesRequest()
        request.competition_name = COMPETITION
        content = bytearray()
        with (
            explained(self._credentials),
            self._api.download_data_files(request) as response,
        ):
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > MOST_BYTES:
                    sends = f"Kaggle sends more than {MOST_BYTES:,} bytes"
                    raise KaggleError(sends, "its zip of houses has 1 MB")
        return bytes(content)

    def upload(self, name: str, content: bytes, modified: int) -> str:
        """Bring a file to Kaggle, last modified in this second; nothing is sent in yet.

        Returns:
            What `create` is to call it by.
        """
        request = ApiStartSubmissionUploadRequest()
        request.competition_name = COMPETITION
        request.file_name = name
        request.content_length = len(content)
        request.last_modified_epoch_seconds = modified
        with explained(self._credentials):
            place = self._api.start_submission_upload(request)
            # Not in the client's session: the credentials are not for this address.
            done = requests.put(place.create_url, data=content, timeout=TIMEOUT)
            if not done.ok:
                status = done.status_code
                raise KaggleError(f"the upload failed ({status})", "try again", status)
            return str(place.token)

    def create(self, token: str, message: str) -> int:
        """Make an uploaded file a submission, and return its number."""
        request = ApiCreateSubmissionRequest()
        request.competition_name = COMPETITION
        request.blob_file_tokens = token
        request.submission_description = message
        with explained(self._credentials):
            number = int(self._api.create_submission(request).ref)
            if not number:
                raise ValueError("no number")
            return number

    def answer(self, number: int) -> Answer:
        """What Kaggle says of a submission by now."""
        request = ApiGetSubmissionRequest()
        request.ref = number
        with explained(self._credentials):
            found = self._api.get_submission(request)
            return Answer(
                status=found.status.name.lower(),
                public_score=_score(found.public_score),
                private_score=_score(found.private_score),
                error=clean(found.error_description or "", self._credentials) or None,
            )


@contextmanager
def connect() -> Iterator[Kaggle]:
    """Sign in with the credentials that the user has.

    Raises:
        UserError: there are none.
    """
    found = credentials.find() or _signed_in()
    if found is None:
        raise credentials.missing()
    with _open(found) as client:
        yield Kaggle(client, found)


def _signed_in() -> Credentials | None:
    """What `kaggle auth login` left, renewed where it has run out."""
    place = Credentials(KaggleCredentials.DEFAULT_CREDENTIALS_FILE)
    with _open(place) as client:
        try:
            stored = KaggleCredentials.load(client)
        except (OSError, ValueError, TypeError, AttributeError):
            raise UserError(
                f"{place.place}: not what `kaggle auth login` leaves; run it again"
            ) from None
        with explained(place):
            token = stored and stored.get_access_token()
    return Credentials(place.place, token=token) if token else None


@contextmanager
def _open(credentials: Credentials) -> Iterator[KaggleClient]:
    try:
        client = KaggleClient(
            username=credentials.username,
            password=credentials.key,
            api_token=credentials.token,
            user_agent=f"house-price-pipeline/{__version__}",
        )
    except Exception:  # it raises no other kind, and only for this
        raise UserError(
            "KAGGLE_API_ENVIRONMENT: not a value that Kaggle's client knows; unset it"
        ) from None
    with client:
        for scheme in ("https://", "http://"):
            client.http_client()._session.mount(scheme, _Timed())
        yield client


class _Timed(HTTPAdapter):
    """The client sets no time limit, and would wait for ever."""

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **settings: object
    ) -> requests.Response:
        settings["timeout"] = TIMEOUT
        return super().send(request, **settings)  # type: ignore[arg-type]


def _score(text: str | None) -> float | None:
    try:
        score = float(text or "nan")
    except ValueError:
        return None
    return score if math.isfinite(score) else None
