"""A small server that answers as Kaggle does, at the address of its client's tests."""

import fcntl
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

PORT = 7777  # where the client talks to with KAGGLE_API_ENVIRONMENT=TEST
ADDRESS = f"http://localhost:{PORT}"
SIGNATURE = "signature-nobody-should-see"


class Reply(NamedTuple):
    """An answer; `promised` bytes are announced, and the connection cut after fewer."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    promised: int | None = None


CUT = Reply(status=0)  # the connection is cut without an answer
SILENT = Reply(status=-1)  # nothing is ever said


def says(content: object, status: int = 200, **headers: str) -> Reply:
    """An answer in JSON."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status, json.dumps(content).encode(), headers=named)


def refuses(status: int, message: str, **headers: str) -> Reply:
    """A refusal as Kaggle words it."""
    return says({"code": status, "message": message}, status, **headers)


class Asked(NamedTuple):
    """What the client asked."""

    what: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class KaggleServer:
    """Answers by the last word of the path; the last of several answers stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Reply]] = {}
        self.asked: list[Asked] = []
        self.over = threading.Event()

    def will(self, what: str, *replies: Reply) -> None:
        self.answers[what] = list(replies)

    def count(self, what: str) -> int:
        return sum(each.what == what for each in self.asked)

    def forget(self) -> None:
        """Begin anew, as a competition that takes and scores what it is sent."""
        self.asked.clear()
        upload = {"token": "blob-1", "createUrl": f"{ADDRESS}/upload?sig={SIGNATURE}"}
        self.answers.clear()
        self.will("StartSubmissionUpload", says(upload))
        self.will("upload", Reply())
        self.will("CreateSubmission", says({"message": "Thanks", "ref": 4711}))
        self.will("GetSubmission", scored("COMPLETE", publicScore="0.12345"))

    def reply(self, what: str) -> Reply:
        left = self.answers.get(what, [refuses(404, "Not Found")])
        return left.pop(0) if len(left) > 1 else left[0]


def scored(status: str, **more: object) -> Reply:
    """What Kaggle says of submission 4711."""
    return says({"ref": 4711, "status": status, "date": "2026-11-24T10:00:00Z"} | more)


@contextmanager
def serve() -> Iterator[KaggleServer]:
    """Serve until the block ends; whoever else wants the port waits for it."""
    server = KaggleServer()
    with (Path(tempfile.gettempdir()) / f"kaggle-server-{PORT}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with ThreadingHTTPServer(("127.0.0.1", PORT), _handler(server)) as http:
            threading.Thread(
                target=http.serve_forever, args=[0.01], daemon=True
            ).start()
            yield server
            server.over.set()
            http.shutdown()


def _handler(server: KaggleServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            what = self.path.split("?")[0].rsplit("/", maxsplit=1)[-1]
            body = self.rfile.read(length)
            server.asked.append(Asked(what, dict(self.headers), body))
            reply = server.reply(what)
            if reply is SILENT:
                server.over.wait(10)
            if reply not in (CUT, SILENT):
                self.answer(reply)

        do_POST = do_PUT = do_GET  # noqa: N815

        def answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            length = len(reply.body) if reply.promised is None else reply.promised
            self.send_header("Content-Length", str(length))
            for name, value in reply.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
