"""The files of data/processed and their summary, which says if they are up to date.

This module does not import pandas, so that a stage with nothing to do ends at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.core.errors import UserError
from pipeline.core.files import read_json, to_json, write_atomically
from pipeline.core.fingerprint import digests, fingerprint, record_digest
from pipeline.core.paths import Project

RAW = ("data/raw/train.csv", "data/raw/test.csv")
COLUMNS = "data/raw/columns.py"
OPTIONAL = ("data/raw/schema.toml", COLUMNS)
FILES = ("data/processed/train.csv", "data/processed/test.csv")
SUMMARY = "data/processed/summary.json"

HINTS = {
    "leak": "{column} alone orders the training rows almost as the target does "
    "(rank correlation {value:.3f}); was it known before the target?",
    "time": "{column}: all dates of test.csv are later than those of train.csv, or all "
    "earlier; scores on shuffled folds are then too good",
    "drift": "{column} alone tells test.csv from train.csv (AUC {value:.2f}, where "
    "0.50 is chance); scores on train.csv may not hold for test.csv",
    "duplicates": "{value} rows of test.csv equal a row of train.csv in all columns "
    "but the id",
}
"""What each of `pipeline.data.hints` says."""


def raw_digests(project: Project) -> dict[str, str | None]:
    """Return the SHA-256 of each raw file, by its path below the root.

    Optional files that do not exist are left out.
    """
    found = digests(project.root, (*RAW, *OPTIONAL))
    return {n: digest for n, digest in found.items() if n in RAW or digest is not None}


def write_summary(
    project: Project,
    inputs: Mapping[str, str | None],
    outputs: Mapping[str, str],
    content: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the summary of `preprocess` and return it.

    Args:
        project: The project.
        inputs: The digests of the raw files that were read.
        outputs: The digests of the processed files that were written.
        content: The rest of the summary.

    Raises:
        UserError: data/processed cannot be written to.
    """
    summary = {
        "fingerprint": _fingerprint(inputs),
        "inputs": dict(inputs),
        "outputs": dict(outputs),
        **content,
    }
    summary["digest"] = record_digest(summary)
    write_atomically(project.root / SUMMARY, to_json(summary))
    return summary


def fresh_summary(project: Project) -> dict[str, Any] | None:
    """Return the summary of data/processed if it is up to date, else None."""
    summary = _read_summary(project)
    if (
        summary is None
        or summary["fingerprint"] != _fingerprint(raw_digests(project))
        or summary["outputs"] != digests(project.root, FILES)
    ):
        return None
    return summary


def exists(project: Project) -> bool:
    """Return whether `preprocess` has run, even if files have changed since."""
    return (project.root / SUMMARY).is_file()


def require(project: Project) -> dict[str, str | None]:
    """Check that data/processed was made from data/raw; return the digests of both.

    Raises:
        UserError: A file is missing, edited, or older than the raw data.
    """
    summary = _read_summary(project)
    if summary is None:
        raise UserError(
            f"{project.processed}: nothing preprocessed yet; "
            "run `pipeline preprocess` first"
        )
    raw, outputs = raw_digests(project), digests(project.root, FILES)
    for found, recorded, what in (
        (outputs, summary["outputs"], "changed since `preprocess` wrote it"),
        (raw, summary["inputs"], "changed since it was preprocessed"),
    ):
        for name in dict.fromkeys([*found, *recorded]):
            if found.get(name) != recorded.get(name):
                raise UserError(
                    f"{project.root / name}: {what}; run `pipeline preprocess` again"
                )
    return raw | outputs


def summary(project: Project) -> dict[str, Any]:
    """Return the summary that `preprocess` wrote.

    Raises:
        UserError: It is no longer there.
    """
    found = _read_summary(project)
    if found is None:
        raise gone(project.root / SUMMARY)
    return found


def gone(path: Path | str) -> UserError:
    """Return the error about a file that was removed while a command was starting."""
    return UserError(
        f"{path}: removed while this command was starting; run `pipeline preprocess`, "
        "then the command again"
    )


def _fingerprint(inputs: Mapping[str, str | None]) -> str:
    return fingerprint("preprocess", {}, inputs)


def _read_summary(project: Project) -> dict[str, Any] | None:
    """Return the summary as `preprocess` wrote it, or None if there is none."""
    try:
        summary = read_json(project.root / SUMMARY)
    except (OSError, ValueError, RecursionError):
        return None
    unchanged = isinstance(summary, dict) and summary.get("digest") == record_digest(
        summary
    )
    return summary if unchanged else None
