"""The runs of a project, with the leaderboard scores of their submissions."""

from dataclasses import asdict
from typing import Any, NamedTuple

from pipeline.core.paths import Project
from pipeline.kaggle import receipts
from pipeline.kaggle.receipts import Receipt
from pipeline.runs.record import Run
from pipeline.runs.store import list_runs


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


def submitted_runs(project: Project) -> list[SubmittedRun]:
    """Return all runs, newest first, with their submissions.

    Raises:
        UserError: A receipt cannot be read.
    """
    return [with_submission(project, run) for run in list_runs(project)]


def with_submission(project: Project, run: Run) -> SubmittedRun:
    """Return a run with its submission.

    Raises:
        UserError: The receipt cannot be read.
    """
    path = project.submissions / f"{run.run_id}.csv"
    submission = str(path) if path.is_file() else None
    return SubmittedRun(run, submission, receipts.read(path))
