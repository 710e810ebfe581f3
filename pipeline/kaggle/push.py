"""Send a submission to Kaggle, once, and wait for its score."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.core.errors import UserError
from pipeline.core.files import writable
from pipeline.core.staging import open_temporary
from pipeline.kaggle import receipts
from pipeline.kaggle.client import Answer, Kaggle, connect
from pipeline.kaggle.errors import PAGE, KaggleError
from pipeline.kaggle.receipts import COMPLETE, ERROR, PENDING, SENDING, Sent

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0  # seconds between two questions
LIMIT = 600.0  # seconds to wait for a score

Callback = Callable[[str], None]


def push(path: Path, message: str, callback: Callback, *, again: bool = False) -> Sent:
    """Send the file at `path` and wait for its score, which is kept beside it.

    A file that was sent before is not sent again; where its score is still to come,
    that is waited for.

    Args:
        path: of the submission.
        message: shown on Kaggle's page of submissions.
        callback: is told in a line how it goes.
        again: send it even if it was sent before.

    Raises:
        UserError: it was sent before, or Kaggle refuses it, cannot be reached, cannot
            score it or takes too long; the line says what to do.
    """
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    with _alone(path, digest):
        sent = None if again else receipts.same_file(path.parent, digest)
        if sent and (sent.file, sent.status) != (path.name, PENDING):
            raise _sent_before(path, sent)
        with connect() as kaggle:
            if sent is None:
                callback(f"sending {path.name}")
                now = datetime.now(UTC).isoformat(timespec="seconds")
                sent = Sent(path.name, digest, message, now, SENDING)
                sent = _send(kaggle, path, content, sent)
            return _wait(kaggle, path, sent, callback)


@contextmanager
def _alone(path: Path, digest: str) -> Iterator[None]:
    """Hold a file by its digest, so that two at once do not both send it."""
    with ExitStack() as stack:
        hold = open_temporary(path.parent, [f"{digest}.push"], Path.mkdir)
        with writable(path.parent):
            try:
                temporary = stack.enter_context(hold)
            except FileExistsError:
                raise UserError(f"{path}: it is being sent already") from None
        stack.callback(temporary.path.rmdir)
        yield


def _send(kaggle: Kaggle, path: Path, content: bytes, sent: Sent) -> Sent:
    token = kaggle.upload(path.name, content, int(path.stat().st_mtime))
    before = receipts.read(path)
    receipts.write(path, sent)
    try:
        number = kaggle.create(token, sent.message)
    except KaggleError as error:
        if not error.final:
            raise UserError(
                f"{path}: {error.what}; whether Kaggle took the file is not known: "
                f"look at {PAGE}/submissions, and if it is not there, --again sends it"
            ) from None
        if before:
            receipts.write(path, before)
        else:
            receipts.path_of(path).unlink()
        raise
    sent = replace(sent, number=number, status=PENDING)
    receipts.write(path, sent)
    return sent


def _wait(kaggle: Kaggle, path: Path, sent: Sent, callback: Callback) -> Sent:
    begun, pause = time.monotonic(), FIRST_PAUSE
    while True:
        answer, state, after = _ask(kaggle, sent)
        if answer:
            break
        elapsed = time.monotonic() - begun
        if elapsed + max(pause, after) > LIMIT:
            raise UserError(
                f"{path}: no score after {elapsed:.0f} s ({state}); "
                "the same command asks again and sends nothing"
            )
        callback(f"submission {sent.number}: {state} ({elapsed:.0f} s)")
        time.sleep(max(pause, after))
        pause = min(1.5 * pause, LONGEST_PAUSE)
    sent = replace(sent, **answer._asdict())
    receipts.write(path, sent)
    if sent.status == ERROR:
        raise UserError(
            f"{path}: Kaggle could not score it: {sent.error or 'no reason'}"
        )
    return sent


def _ask(kaggle: Kaggle, sent: Sent) -> tuple[Answer | None, str, float]:
    """The answer if there is one, else how it goes and the seconds to wait at least."""
    try:
        answer = kaggle.answer(sent.number)
    except KaggleError as error:
        if error.passing or error.status == 404:  # a new one may not be known at once
            return None, error.what, error.after
        raise
    waiting = "waiting for the score"
    return (None if answer.status == PENDING else answer), waiting, 0


def _sent_before(path: Path, sent: Sent) -> UserError:
    ends = {
        SENDING: f"and was cut off; look at {PAGE}/submissions whether it was taken",
        PENDING: "and has no score yet",
        COMPLETE: f"and scored {sent.public_score}",
        ERROR: f"and could not be scored ({sent.error})",
    }
    return UserError(
        f"{path}: the same file went to Kaggle on {sent.sent[:10]} as {sent.file} "
        f"{ends.get(sent.status, '')}; --again sends it once more"
    )
