"""Submit a file to Kaggle, once, and wait for its score."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.core.errors import UserError
from pipeline.core.files import open_temporary, writable
from pipeline.core.progress import announce
from pipeline.kaggle import receipts
from pipeline.kaggle.client import Kaggle, KaggleError, connect, page
from pipeline.kaggle.receipts import COMPLETE, ERROR, PENDING, SENDING, Receipt

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0  # seconds between two checks
TIME_LIMIT = 600.0  # seconds to wait for a score

Callback = Callable[[str], None]


def push(
    path: Path,
    competition: str,
    message: str,
    callback: Callback,
    *,
    again: bool = False,
) -> Receipt:
    """Submit a file, wait for its score and write its receipt.

    A file that was submitted before is not submitted again. If it has no score yet,
    only its score is waited for.

    Args:
        path: The submission file.
        competition: Its name in its address on Kaggle.
        message: The message on Kaggle's page of submissions.
        callback: Called with a line at each step.
        again: Submit the file even if it was submitted before.

    Raises:
        UserError: The file was submitted before, or Kaggle rejects it, cannot be
            reached, cannot score it or takes too long.
    """
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    with _locked(path, digest):
        receipt = None if again else receipts.find(path.parent, digest)
        if receipt and (receipt.file, receipt.status) != (path.name, PENDING):
            raise _already_submitted(path, receipt, page(competition))
        announce("signing in to Kaggle")
        with connect(competition) as kaggle:
            if receipt is None:
                callback(f"sending {path.name}")
                announce(f"sending {path.name} to Kaggle")
                now = datetime.now(UTC).isoformat(timespec="seconds")
                receipt = Receipt(path.name, digest, message, now, SENDING)
                receipt = _submit(kaggle, path, content, receipt, page(competition))
            return _wait(kaggle, path, receipt, callback)


@contextmanager
def _locked(path: Path, digest: str) -> Iterator[None]:
    """Hold a lock on the content of a file, so that only one process submits it."""
    with ExitStack() as stack:
        lock = open_temporary(path.parent, [f"{digest}.push"])
        with writable(path.parent):
            try:
                stack.enter_context(lock)
            except FileExistsError:
                raise UserError(f"{path}: it is being submitted already") from None
        yield


def _submit(
    kaggle: Kaggle, path: Path, content: bytes, receipt: Receipt, address: str
) -> Receipt:
    token = kaggle.upload(path.name, content, int(path.stat().st_mtime))
    before = receipts.read(path)
    receipts.write(path, receipt)
    try:
        number = kaggle.create(token, receipt.message)
    except KaggleError as error:
        if not error.rejected:
            raise UserError(
                f"{path}: {error.what}; it is not known whether Kaggle accepted the "
                f"file: check {address}/submissions; if it is not there, use --again"
            ) from None
        if before:
            receipts.write(path, before)
        else:
            receipts.path_of(path).unlink()
        raise
    receipt = replace(receipt, number=number, status=PENDING)
    receipts.write(path, receipt)
    return receipt


def _wait(kaggle: Kaggle, path: Path, receipt: Receipt, callback: Callback) -> Receipt:
    announce("waiting for Kaggle's score")
    begin, pause = time.monotonic(), FIRST_PAUSE
    while True:
        state, retry_after = "waiting for the score", 0.0
        try:
            result = kaggle.result(receipt.number)
            if result.status != PENDING:
                break
        except KaggleError as error:
            # Kaggle may need a moment to know a new submission: 404.
            if not error.retryable and error.status != 404:
                raise
            state, retry_after = error.what, error.retry_after
        elapsed = time.monotonic() - begin
        if elapsed + max(pause, retry_after) > TIME_LIMIT:
            raise UserError(
                f"{path}: no score after {elapsed:.0f} s ({state}); "
                "run the same command to check again; nothing is resubmitted"
            )
        callback(f"submission {receipt.number}: {state} ({elapsed:.0f} s)")
        time.sleep(max(pause, retry_after))
        pause = min(1.5 * pause, LONGEST_PAUSE)
    receipt = replace(receipt, **result._asdict())
    receipts.write(path, receipt)
    if receipt.status == ERROR:
        reason = receipt.error or "no reason given"
        raise UserError(f"{path}: Kaggle could not score it: {reason}")
    return receipt


def _already_submitted(path: Path, receipt: Receipt, address: str) -> UserError:
    states = {
        SENDING: f"but was interrupted; check {address}/submissions for it",
        PENDING: "and has no score yet",
        COMPLETE: f"and scored {receipt.public_score}",
        ERROR: f"and could not be scored ({receipt.error})",
    }
    return UserError(
        f"{path}: the same file was submitted on {receipt.sent[:10]} as {receipt.file} "
        f"{states.get(receipt.status, '')}; to submit it once more, use --again"
    )
