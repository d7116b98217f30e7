"""A real HTTP server on this machine that answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a document is sent as JSON, bytes as they are. `write` does instead what no proper server would."""

    document: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[BaseHTTPRequestHandler], None] | None = None


Respond = Callable[[Received], Reply]


@dataclass(slots=True)
class LocalGoogle:
    """A running server."""

    url: str
    received: list[Received] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.received]

    @property
    def tokens(self) -> list[str]:
        return [request.headers.get("authorization", "").removeprefix("Bearer ") for request in self.received]


@contextmanager
def serve(*replies: Reply, respond: Respond | None = None) -> Iterator[LocalGoogle]:
    """Gives `replies` in their order, the last one again and again, or what `respond` says."""
    rest = list(replies)
    lock = threading.Lock()

    def next_reply(request: Received) -> Reply:
        if respond is not None:
            return respond(request)
        with lock:
            return rest.pop(0) if len(rest) > 1 else rest[0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.command, parts.path, parse_qs(parts.query), headers, body)
            google.received.append(request)
            reply = next_reply(request)
            if reply.write is not None:
                self.close_connection = True
                reply.write(self)
                return
            content = reply.document if isinstance(reply.document, bytes) else json.dumps(reply.document).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 the name is http.server's

        def log_message(self, *_: Any) -> None:
            """Nothing: the standard error output of a test is not for this."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # A handler that still drips must not hold up the end of a test.
    server.block_on_close = False
    google = LocalGoogle(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refusal(status: int, message: str, reason: str = "", **metadata: str) -> Reply:
    """An error as the APIs of Google send it: google.rpc.Status with google.rpc.ErrorInfo."""
    error: dict[str, object] = {"code": status, "message": message, "status": "ANY"}
    if reason:
        error["details"] = [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}
        ]
    return Reply({"error": error}, status)
