"""The requests to Kaggle, made through Kaggle's own client.

The client is kagglesdk, which the `kaggle` package installs. The package itself is not
imported: that would sign in over the network and make folders, and its calls print and
retry for minutes. Importing this module without kagglesdk raises a UserError.
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
from pipeline.kaggle.errors import (
    TIMEOUT,
    KaggleError,
    clean,
    translate_errors,
)

_CHUNK = 2**16  # bytes


class Result(NamedTuple):
    """The state of a submission on Kaggle. A score is that of the metric, or None."""

    status: Literal["pending", "complete", "error"]
    public_score: float | None
    private_score: float | None
    error: str | None


class Kaggle:
    """A competition, for one user. Every method may raise KaggleError."""

    def __init__(
        self, client: KaggleClient, credentials: Credentials, competition: str
    ) -> None:
        self._api = client.competitions.competition_api_client
        self._credentials, self._competition = credentials, competition

    def data(self) -> bytes:
        """Download the zip of the competition's files."""
        request = ApiDownloadDataFilesRequest()
        request.competition_name = self._competition
        content = bytearray()
        with (
            translate_errors(self._credentials, self._competition),
            self._api.download_data_files(request) as response,
        ):
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > MOST_BYTES:
                    what = f"Kaggle sends more than {MOST_BYTES:,} bytes"
                    raise KaggleError(
                        what, "download the files by hand, then give --from FOLDER"
                    )
        return bytes(content)

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
        with translate_errors(self._credentials, self._competition):
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
        with translate_errors(self._credentials, self._competition):
            number = int(self._api.create_submission(request).ref)
            if not number:
                raise ValueError("no submission number")
            return number

    def result(self, number: int) -> Result:
        """Return the current state of a submission."""
        request = ApiGetSubmissionRequest()
        request.ref = number
        with translate_errors(self._credentials, self._competition):
            found = self._api.get_submission(request)
            return Result(
                status=found.status.name.lower(),
                public_score=_score(found.public_score),
                private_score=_score(found.private_score),
                error=clean(found.error_description or "", self._credentials) or None,
            )


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
    place = Credentials(KaggleCredentials.DEFAULT_CREDENTIALS_FILE)
    with _open(place) as client:
        try:
            stored = KaggleCredentials.load(client)
        except (OSError, ValueError, TypeError, AttributeError):
            raise UserError(
                f"{place.place}: not as `kaggle auth login` writes it; run it again"
            ) from None
        with translate_errors(place, competition):
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
    except Exception:  # the client has no narrower type for this
        raise UserError(
            "KAGGLE_API_ENVIRONMENT: unknown to Kaggle's client; unset it"
        ) from None
    with client:
        for scheme in ("https://", "http://"):
            client.http_client()._session.mount(scheme, _TimeoutAdapter())
        yield client


class _TimeoutAdapter(HTTPAdapter):
    """Sets the time limit that the client does not set."""

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
