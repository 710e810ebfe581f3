"""A small server that responds like Kaggle, at the test address of its client."""

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

PORT = 7777  # the client uses it with KAGGLE_API_ENVIRONMENT=TEST
ADDRESS = f"http://localhost:{PORT}"
SIGNATURE = "signature-nobody-should-see"


class Reply(NamedTuple):
    """A response; `promised` is a false length to announce, if any."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    promised: int | None = None


CLOSED = Reply(status=0)  # the connection is closed without a response
SILENT = Reply(status=-1)  # the connection stays open without a response


def responds(content: object, status: int = 200, **headers: str) -> Reply:
    """A response in JSON."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status, json.dumps(content).encode(), headers=named)


def rejects(status: int, message: str, **headers: str) -> Reply:
    """An error response of Kaggle."""
    return responds({"code": status, "message": message}, status, **headers)


class Received(NamedTuple):
    """A request of the client; `name` is the last part of its path."""

    name: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class KaggleServer:
    """Replies by the name of a request; the last of several replies is repeated."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.received: list[Received] = []
        self.over = threading.Event()

    def reply_to(self, name: str, *replies: Reply) -> None:
        self.replies[name] = list(replies)

    def count(self, name: str) -> int:
        return sum(each.name == name for each in self.received)

    def reset(self) -> None:
        """Start again as a competition that accepts and scores each submission."""
        self.received.clear()
        upload = {"token": "blob-1", "createUrl": f"{ADDRESS}/upload?sig={SIGNATURE}"}
        self.replies.clear()
        self.reply_to("StartSubmissionUpload", responds(upload))
        self.reply_to("upload", Reply())
        self.reply_to("CreateSubmission", responds({"message": "Thanks", "ref": 4711}))
        self.reply_to("GetSubmission", scored("COMPLETE", publicScore="0.12345"))

    def reply(self, name: str) -> Reply:
        left = self.replies.get(name, [rejects(404, "Not Found")])
        return left.pop(0) if len(left) > 1 else left[0]


def scored(status: str, **more: object) -> Reply:
    """The state of submission 4711."""
    return responds(
        {"ref": 4711, "status": status, "date": "2026-11-24T10:00:00Z"} | more
    )


@contextmanager
def serve() -> Iterator[KaggleServer]:
    """Serve until the block ends; other test processes wait for the port."""
    server = KaggleServer()
    with (
        FileLock(Path(tempfile.gettempdir()) / f"kaggle-server-{PORT}.lock"),
        ThreadingHTTPServer(("127.0.0.1", PORT), _handler(server)) as http,
    ):
        threading.Thread(target=http.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.over.set()
        http.shutdown()


def _handler(server: KaggleServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            name = self.path.split("?")[0].rsplit("/", maxsplit=1)[-1]
            body = self.rfile.read(length)
            server.received.append(Received(name, dict(self.headers), body))
            reply = server.reply(name)
            if reply is SILENT:
                server.over.wait(10)
            if reply not in (CLOSED, SILENT):
                self.respond(reply)

        do_POST = do_PUT = do_GET  # noqa: N815

        def respond(self, reply: Reply) -> None:
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
