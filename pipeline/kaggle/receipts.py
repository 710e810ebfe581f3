"""Receipts of submissions: submissions/<name>.kaggle.json beside <name>.csv.

The receipt of a run's submission has its score on the leaderboard.

A receipt is written before the file is submitted. So even if the program is killed, a
file is not submitted twice by accident.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.core.errors import UserError
from pipeline.core.files import read_json, to_json, write_atomically
from pipeline.core.paths import Project
from pipeline.core.typed_json import from_json
from pipeline.runs.record import Run

SENDING = "sending"  # it is not known whether Kaggle has accepted the file
PENDING = "pending"  # accepted, not scored yet
COMPLETE = "complete"
ERROR = "error"  # accepted, could not be scored
_SUFFIX = ".kaggle.json"


@dataclass(frozen=True)
class Receipt:
    """A file that was submitted to Kaggle. A score is that of the metric, or None."""

    file: str
    sha256: str
    message: str
    sent: str  # time in ISO 8601
    status: str
    number: int = 0  # of the submission on Kaggle; 0 while it is not known
    public_score: float | None = None
    private_score: float | None = None
    error: str | None = None


def path_of(submission: Path) -> Path:
    """Return the path of the receipt of a submission file."""
    return submission.with_suffix(_SUFFIX)


def read(submission: Path) -> Receipt | None:
    """Return the receipt of a submission file, or None if it was not submitted.

    Raises:
        UserError: The file with that name is not a receipt.
    """
    path = path_of(submission)
    if not path.exists():
        return None
    try:
        return from_json(Receipt, read_json(path))
    except (OSError, ValueError):
        raise UserError(
            f"{path}: not a receipt of a Kaggle submission; move it away"
        ) from None


def write(submission: Path, receipt: Receipt) -> None:
    """Write the receipt of a submission file."""
    write_atomically(path_of(submission), to_json(asdict(receipt)))


def find(folder: Path, digest: str) -> Receipt | None:
    """Return a receipt in a folder for a file with this SHA-256, or None.

    Raises:
        UserError: One of the folder's receipts cannot be read.
    """
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        receipt = read(path.with_name(path.name.removesuffix(_SUFFIX) + ".csv"))
        if receipt and receipt.sha256 == digest:
            return receipt
    return None


class SubmittedRun(NamedTuple):
    """A run, its submission file and the receipt of that, or None."""

    run: Run
    submission: str | None
    receipt: Receipt | None

    @property
    def leaderboard(self) -> float | None:
        """The leaderboard score."""
        return self.receipt.public_score if self.receipt else None

    def to_json(self) -> dict[str, Any]:
        """Return the run as `runs --json` prints it."""
        return self.run.to_json() | {
            "submission": self.submission,
            "leaderboard": self.leaderboard,
            "kaggle": self.receipt and asdict(self.receipt),
            "edited": self.run.is_edited,
        }


def with_submission(project: Project, run: Run) -> SubmittedRun:
    """Return a run with its submission.

    Raises:
        UserError: The receipt cannot be read.
    """
    path = project.submissions / f"{run.run_id}.csv"
    submission = str(path) if path.is_file() else None
    return SubmittedRun(run, submission, read(path))
