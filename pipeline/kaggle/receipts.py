"""What was sent to Kaggle and what it answered, beside the submission.

The record of submissions/<name>.csv is submissions/<name>.kaggle.json. It is written
before the file is sent in, so that whatever happens then, no file goes twice unnoticed.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pipeline.core.errors import UserError
from pipeline.core.files import read_json, to_json, write_atomically

SENDING = "sending"  # and Kaggle has not said whether it took the file
PENDING = "pending"  # taken, and not scored yet
COMPLETE = "complete"
ERROR = "error"  # taken, and could not be scored
_SUFFIX = ".kaggle.json"


@dataclass(frozen=True)
class Sent:
    """A file that went to Kaggle; a score is log-RMSE, None where there is none."""

    file: str
    sha256: str
    message: str
    sent: str  # when, in ISO 8601
    status: str
    number: int = 0  # Kaggle's own, of the submission; 0 until it gives one
    public_score: float | None = None
    private_score: float | None = None
    error: str | None = None

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def path_of(submission: Path) -> Path:
    """Where the record of a submission lies."""
    return submission.with_suffix(_SUFFIX)


def read(submission: Path) -> Sent | None:
    """The record of a submission, if it was sent.

    Raises:
        UserError: what lies there is no such record.
    """
    path = path_of(submission)
    if not path.exists():
        return None
    try:
        record = read_json(path)
        for name, kind in get_type_hints(Sent).items():
            if not isinstance(record[name], kind):
                raise TypeError(name)
        return Sent(**record)
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: not a record of what was sent to Kaggle; move it away"
        ) from None


def write(submission: Path, sent: Sent) -> None:
    """Keep the record of a submission."""
    write_atomically(path_of(submission), to_json(sent.record()))


def same_file(folder: Path, digest: str) -> Sent | None:
    """The record of the file with this SHA-256 among a folder's, if it was sent.

    Raises:
        UserError: one of the folder's records is none.
    """
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        sent = read(path.with_name(path.name.removesuffix(_SUFFIX) + ".csv"))
        if sent and sent.sha256 == digest:
            return sent
    return None
