"""A small HTTP server that answers like a Kubernetes API server for one Job, and a kubeconfig that leads to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TOKEN = "kube-t0ken"


@dataclass(frozen=True, slots=True)
class Refused:
    """A Status object in place of an answer."""

    status: int
    reason: str
    message: str


def forbidden(verb: str, resource: str, group: str, namespace: str) -> Refused:
    """The words of the authorizer of Kubernetes."""
    named = f"{resource}.{group}" if group else resource
    cannot = f'cannot {verb} resource "{resource}" in API group "{group}" in the namespace "{namespace}"'
    return Refused(403, "Forbidden", f'{named} is forbidden: User "operator" {cannot}')


@dataclass(slots=True)
class ApiServer:
    """`answers` are by path: an object, text for a log, or a refusal."""

    url: str
    answers: dict[str, Mapping[str, Any] | str | Refused] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def write_kubeconfig(self, folder: Path) -> Path:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "test", "user": {"token": TOKEN}}],
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        return path


@contextmanager
def serve_api() -> Iterator[ApiServer]:
    """A server on a free port of 127.0.0.1."""

    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            state.asked.append(path)
            answer = state.answers.get(path, Refused(404, "NotFound", "the server could not find the resource"))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                answer = Refused(401, "Unauthorized", "Unauthorized")
            if isinstance(answer, Refused):
                refusal = {"status": "Failure", "reason": answer.reason, "message": answer.message}
                self._answer(answer.status, {"kind": "Status", "code": answer.status, **refusal})
            else:
                self._answer(200, answer)

        def _answer(self, status: int, body: Mapping[str, Any] | str) -> None:
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    state = ApiServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
