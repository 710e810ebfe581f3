"""What lies in data/processed: readable CSV files and a summary of how they came.

Light on purpose: this asks whether the stage must run without loading pandas.
"""

from pathlib import Path
from typing import Any

from pipeline.core.errors import UserError
from pipeline.core.files import read_json
from pipeline.core.fingerprint import digests, fingerprint, record_digest
from pipeline.core.paths import Project

RAW = ("data/raw/train.csv", "data/raw/test.csv")
FILES = ("data/processed/train.csv", "data/processed/test.csv")
_SUMMARY = "summary.json"


def raw_digests(project: Project) -> dict[str, str | None]:
    """The SHA-256 of the raw files, by their place below the root."""
    return digests(project.root, RAW)


def stage_fingerprint(inputs: dict[str, str | None]) -> str:
    """The fingerprint of `preprocess` on raw files of these digests."""
    return fingerprint("preprocess", {}, inputs)


def fresh_summary(project: Project) -> dict[str, Any] | None:
    """The summary of data/processed where it is up to date, else None."""
    summary = _read_summary(project)
    if summary is None:
        return None
    if summary["fingerprint"] != stage_fingerprint(raw_digests(project)):
        return None
    return summary if summary["outputs"] == output_digests(project) else None


def output_digests(project: Project) -> dict[str, str | None]:
    """The SHA-256 of the processed files, by their place below the root."""
    return digests(project.root, FILES)


def require(project: Project) -> dict[str, str | None]:
    """Check that data/processed belongs to data/raw, and give the digests of both.

    Raises:
        UserError: a file is missing, edited, or older than the raw data.
    """
    summary = _read_summary(project)
    raw, outputs = raw_digests(project), output_digests(project)
    again = "run `pipeline preprocess`"
    if summary is None:
        raise UserError(f"{project.processed}: nothing preprocessed yet; {again} first")
    for name, digest in outputs.items():
        if digest != summary["outputs"].get(name):
            path = project.root / name
            raise UserError(f"{path}: not as `preprocess` left it; {again} again")
    for name, digest in raw.items():
        if digest != summary["inputs"].get(name):
            path = project.root / name
            raise UserError(f"{path}: changed since it was preprocessed; {again} again")
    return raw | outputs


def summary_path(project: Project) -> Path:
    """Where the summary of the stage lies."""
    return project.processed / _SUMMARY


def _read_summary(project: Project) -> dict[str, Any] | None:
    """The summary as `preprocess` wrote it, None where there is no such file."""
    try:
        summary = read_json(summary_path(project))
    except (OSError, ValueError, RecursionError):
        return None
    written = isinstance(summary, dict) and summary.get("digest") == record_digest(
        summary
    )
    return summary if written else None
